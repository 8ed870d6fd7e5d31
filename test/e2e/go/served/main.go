// served - goroutines that wait in several ways, beside net/http/pprof, which
// says what they are.
//
// Each allocation from main() on is in its memory profile.
//
// Prints "ready" and then its address.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

type held struct{ mu sync.Mutex }

func (h *held) lock() { h.mu.Lock() }

func inner(c chan int) { <-c }

//go:noinline
func middle(c chan int) { inner(c) }

//go:noinline
func outer(c chan int) { middle(c) }

func labelled(c chan int) {
	labels := pprof.Labels("part", "a b", "quoted", `x"y`)
	pprof.Do(context.Background(), labels,
		func(context.Context) { middle(c) })
}

func park() {
	never := make(chan int)
	h := new(held)
	h.lock()
	go h.lock()
	for i := 0; i < 3; i++ {
		go outer(never)
	}
	go func() {
		runtime.LockOSThread()
		select {}
	}()
	go labelled(never)
	go time.Sleep(time.Hour)
	go func() {
		var w sync.WaitGroup
		w.Add(1)
		w.Wait()
	}()
}

func main() {
	runtime.MemProfileRate = 1
	park()
	time.Sleep(100 * time.Millisecond)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("ready")
	fmt.Println(l.Addr())
	http.Serve(l, nil)
}
