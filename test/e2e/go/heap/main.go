// heap - a program that allocates in known ways, and then rests.
//
// usage: heap FILE
//
// Writes its own heap profile to FILE, prints "ready" and waits until it is
// killed.  No collection happens after the profile was taken.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"
)

type node struct {
	next *node
	data [100]byte
}

var (
	kept  []*node
	table = map[int]string{}
	text  string
)

//go:noinline
func list(n int) {
	for i := 0; i < n; i++ {
		kept = append(kept, &node{})
	}
}

//go:noinline
func garbage(n int) {
	for i := 0; i < n; i++ {
		text = strings.Repeat("x", 1000)
	}
}

// make is inlined into large.
func make1(n int) []byte { return make([]byte, n) }

//go:noinline
func large() [][]byte {
	return [][]byte{make1(1 << 20), make1(3 << 20)}
}

//go:noinline
func recursive(depth int) []byte {
	if depth > 0 {
		return recursive(depth - 1)
	}
	return make([]byte, 1<<20)
}

//go:noinline
func fill(n int) {
	for i := 0; i < n; i++ {
		table[i] = fmt.Sprint("number ", i)
	}
}

func main() {
	debug.SetGCPercent(-1)
	runtime.MemProfileRate = 4096
	list(20000)
	garbage(20000)
	fill(20000)
	some := large()
	deep := recursive(20)
	runtime.GC()
	runtime.GC()
	f, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := pprof.Lookup("heap").WriteTo(f, 0); err != nil {
		panic(err)
	}
	f.Close()
	fmt.Println("ready")
	time.Sleep(time.Hour)
	runtime.KeepAlive(some)
	runtime.KeepAlive(deep)
}
