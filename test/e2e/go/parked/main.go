// parked - N goroutines that wait, on a handful of stacks, beside two that
// play ping-pong.
//
// usage: parked N [SECONDS]
//
// Prints "ready" when all are parked.  With SECONDS, it plays for so long from
// each line of its standard input on, and prints round trips and the CPU time
// of the process they took: "trips 1234567 cpu_ns 987654321".
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

var (
	never = make(chan int)
	other = make(chan int)
	lock  sync.Mutex
	group sync.WaitGroup
)

//go:noinline
func receive() { <-never }

//go:noinline
func choose() {
	select {
	case <-never:
	case <-other:
	}
}

//go:noinline
func wait() { group.Wait() }

//go:noinline
func acquire() { lock.Lock() }

//go:noinline
func deeper(n int, what func()) {
	if n > 0 {
		deeper(n-1, what)
		return
	}
	what()
}

func park(n int) {
	kinds := []func(){receive, choose, wait, acquire}
	lock.Lock()
	group.Add(1)
	for i := 0; i < n; i++ {
		go deeper(i%3, kinds[i%len(kinds)])
	}
	for settled := 0; settled < 3; settled++ {
		time.Sleep(100 * time.Millisecond)
	}
}

func cpuNs() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		panic("getrusage")
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func play(d time.Duration) (trips int) {
	ping, pong := make(chan bool), make(chan bool)
	go func() {
		for range ping {
			pong <- true
		}
		close(pong)
	}()
	for end := time.Now().Add(d); time.Now().Before(end); {
		for i := 0; i < 1000; i++ {
			ping <- true
			<-pong
		}
		trips += 1000
	}
	close(ping)
	<-pong
	return trips
}

func main() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	park(n)
	fmt.Println("ready")
	if len(os.Args) < 3 {
		time.Sleep(time.Hour)
		return
	}
	seconds, err := strconv.ParseFloat(os.Args[2], 64)
	if err != nil {
		panic(err)
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		before := cpuNs()
		trips := play(time.Duration(seconds * float64(time.Second)))
		fmt.Println("trips", trips, "cpu_ns", cpuNs()-before)
	}
}
