// waits - goroutines in every wait a program can bring about, held until it
// is killed.
//
// usage: waits FILE
//
// Prints "ready" when all wait.  At SIGUSR1 it writes to FILE what the runtime
// itself says of them, and then "written".
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
)

var (
	never = make(chan int)
	full  = make(chan int)
	lock  sync.Mutex
	both  sync.RWMutex
	group sync.WaitGroup
)

//go:noinline
func receive() { <-never }

//go:noinline
func send() { full <- 1 }

//go:noinline
func choose() {
	select {
	case <-never:
	case full <- 2:
	}
}

//go:noinline
func selectNothing() { select {} }

//go:noinline
func nilReceive() { var none chan int; <-none }

//go:noinline
func nilSend() { var none chan int; none <- 1 }

//go:noinline
func acquire() { lock.Lock() }

//go:noinline
func acquireRead() { both.RLock() }

//go:noinline
func wait() { group.Wait() }

//go:noinline
func condition() {
	var mine sync.Mutex
	mine.Lock()
	sync.NewCond(&mine).Wait()
}

//go:noinline
func sleep() { time.Sleep(time.Hour) }

//go:noinline
func network() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	l.Accept()
}

//go:noinline
func pipe() {
	r, _, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	io.ReadAll(r)
}

//go:noinline
func system() {
	var fds [2]int
	if syscall.Pipe(fds[:]) != nil {
		panic("pipe")
	}
	syscall.Read(fds[0], make([]byte, 1))
}

//go:noinline
func locked() {
	runtime.LockOSThread()
	<-never
}

//go:noinline
func labelled() {
	pprof.Do(context.Background(),
		pprof.Labels("tenant", "blue", "zone", "a \"b\""),
		func(context.Context) { <-never })
}

// inlined is what its name says, into receiveInlined.
func inlined() { <-never }

//go:noinline
func receiveInlined() { inlined() }

type server[T any] struct{ c chan T }

//go:noinline
func (s *server[T]) generic() { <-s.c }

func deep(n int) {
	if n > 0 {
		deep(n - 1)
		return
	}
	<-never
}

func start() {
	lock.Lock()
	both.Lock()
	group.Add(1)
	for _, f := range []func(){receive, receive, receive, send, choose,
		selectNothing, nilReceive, nilSend, acquire, acquireRead, wait,
		condition, sleep, network, pipe, system, locked, labelled,
		receiveInlined, (&server[int]{make(chan int)}).generic,
	} {
		go f()
	}
	go deep(30)
	go func() {
		defer func() { receive() }()
	}()
}

func all() []byte {
	for n := 1 << 20; ; n *= 2 {
		buf := make([]byte, n)
		if got := runtime.Stack(buf, true); got < n {
			return buf[:got]
		}
	}
}

func main() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	start()
	time.Sleep(200 * time.Millisecond)
	fmt.Println("ready")
	for range asked {
		// What brought the signal goes back to waiting for the next.
		time.Sleep(20 * time.Millisecond)
		if err := os.WriteFile(os.Args[1], all(), 0o600); err != nil {
			panic(err)
		}
		fmt.Println("written")
	}
}
