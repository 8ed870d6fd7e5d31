// web - a server with net/http/pprof and a few goroutines that wait.
//
// Prints its address.
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"time"
)

var never = make(chan int)

//go:noinline
func receive() { <-never }

//go:noinline
func sleep() { time.Sleep(time.Hour) }

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	for i := 0; i < 10; i++ {
		go receive()
	}
	for i := 0; i < 5; i++ {
		go sleep()
	}
	time.Sleep(100 * time.Millisecond)
	fmt.Println(l.Addr())
	panic(http.Serve(l, nil))
}
