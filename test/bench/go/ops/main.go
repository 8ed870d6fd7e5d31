// Ops is ../../ops.c in Go: the same operations, CPU time of the process.
//
// usage: ops OP [N]
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	hops  = 503
	room  = 128
	below = 10
)

var done sync.WaitGroup

func yield(n int) {
	done.Add(2)
	for range 2 {
		go func() {
			for range n / 2 {
				runtime.Gosched()
			}
			done.Done()
		}()
	}
	done.Wait()
}

func spawn(n int) {
	for range n {
		done.Add(1)
		go done.Done()
		done.Wait()
	}
}

func handOn(in, out chan int, n int) {
	for range n {
		out <- <-in
	}
	done.Done()
}

func pingpong(n int) {
	in, out := make(chan int), make(chan int)
	done.Add(1)
	go handOn(in, out, n)
	for i := range n {
		in <- i
		<-out
	}
	done.Wait()
}

func ring(n int) {
	var c [hops]chan int
	for i := range c {
		c[i] = make(chan int)
	}
	rounds := n/hops + 1
	done.Add(hops - 1)
	for i := 1; i < hops; i++ {
		go handOn(c[i], c[(i+1)%hops], rounds)
	}
	for range rounds {
		c[1] <- 0
		<-c[0]
	}
	done.Wait()
}

func produce(c chan int, n int) {
	for i := range n {
		c <- i
	}
}

func buffered(n int) {
	c := make(chan int, room)
	go produce(c, n)
	for range n {
		<-c
	}
}

func select2(n int) {
	a, b := make(chan int), make(chan int)
	go produce(a, n)
	for range n {
		select {
		case <-a:
		case <-b:
		}
	}
}

func select6(n int) {
	var c [6]chan int
	for i := range c {
		c[i] = make(chan int)
	}
	go produce(c[0], n)
	for range n {
		select {
		case <-c[0]:
		case <-c[1]:
		case <-c[2]:
		case <-c[3]:
		case <-c[4]:
		case <-c[5]:
		}
	}
}

func mutex(n int) {
	var m sync.Mutex
	for range n {
		m.Lock()
		m.Unlock()
	}
}

func sieve(n int) {
	c := make(chan int)
	go func(c chan int) {
		for i := 2; ; i++ {
			c <- i
		}
	}(c)
	for range n {
		prime, out := <-c, make(chan int)
		go func(in, out chan int) {
			for {
				if i := <-in; i%prime != 0 {
					out <- i
				}
			}
		}(c, out)
		c = out
	}
}

func leaf(up chan int, first, size int) {
	if size == 1 {
		up <- first
		return
	}
	c := make(chan int)
	for i := range below {
		go leaf(c, first+i*(size/below), size/below)
	}
	sum := 0
	for range below {
		sum += <-c
	}
	up <- sum
}

func skynet(n int) {
	c := make(chan int, 1)
	go leaf(c, 0, n)
	if <-c != n*(n-1)/2 {
		panic("wrong sum")
	}
}

func sleepers(n int) {
	done.Add(n)
	for range n {
		go func() {
			time.Sleep(100 * time.Millisecond)
			done.Done()
		}()
	}
	done.Wait()
}

//go:noinline
func descend(n int) int {
	var pad [8]int
	pad[n&7] = n
	if n == 0 {
		return 0
	}
	return descend(n-1) + pad[n&7]
}

func descent(n int) {
	done.Add(1)
	go func() {
		descend(n)
		done.Done()
	}()
	done.Wait()
}

var ops = map[string]struct {
	run func(int)
	n   int
}{
	"yield": {yield, 4000000}, "spawn": {spawn, 2000000},
	"pingpong": {pingpong, 1000000}, "ring": {ring, 2000000},
	"buffered": {buffered, 10000000}, "select2": {select2, 1000000},
	"select6": {select6, 1000000}, "mutex": {mutex, 10000000},
	"sieve": {sieve, 1000}, "skynet": {skynet, 1000000},
	"sleepers": {sleepers, 100000}, "descent": {descent, 1000000},
	"syscall": {syscalls, 4000000}, "syscallplain": {rawSyscalls, 4000000},
}

func syscalls(n int) {
	for range n {
		syscall.Syscall(syscall.SYS_GETPGRP, 0, 0, 0)
	}
}

func rawSyscalls(n int) {
	for range n {
		syscall.RawSyscall(syscall.SYS_GETPGRP, 0, 0, 0)
	}
}

func cpu() int64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

func main() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	debug.SetMaxStack(4 << 30)
	if len(os.Args) < 2 || ops[os.Args[1]].run == nil {
		fmt.Fprintln(os.Stderr, "usage: ops OP [N]")
		os.Exit(2)
	}
	op := ops[os.Args[1]]
	if len(os.Args) > 2 {
		op.n, _ = strconv.Atoi(os.Args[2])
	}
	begin := cpu()
	op.run(op.n)
	fmt.Printf("%s %.1f\n", os.Args[1], float64(cpu()-begin)/float64(op.n))
}
