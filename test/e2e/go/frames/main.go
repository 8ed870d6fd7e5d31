// frames - tells what the runtime itself says of its stacks.
//
// usage: frames
//
// Prints where its file is loaded, then a block of lines for each of some
// stacks: PC, function, file and line of its frames, with tabs, leaf first, as
// runtime.CallersFrames has them; calls that were inlined, made by the compiler
// or deferred among them.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"
)

func base() string {
	exe, _ := os.Executable()
	maps, _ := os.ReadFile("/proc/self/maps")
	for _, line := range strings.Split(string(maps), "\n") {
		if strings.HasSuffix(line, exe) {
			return strings.SplitN(line, "-", 2)[0]
		}
	}
	return "0"
}

//go:noinline
func tell() {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for {
		f, more := frames.Next()
		fmt.Printf("%#x\t%s\t%s\t%d\n", f.PC, f.Function, f.File, f.Line)
		if !more {
			break
		}
	}
	fmt.Println()
}

func inner(n int) int {
	tell()
	return n + 1
}

func middle(n int) int { return inner(n) + 1 }

func outer(n int) int {
	n++
	return middle(n) + middle(n+1)
}

type shape interface {
	area() int
}

type square struct{ side int }

func (s square) area() int { return outer(s.side) }

type sides []int

func (s sides) Len() int      { return len(s) }
func (s sides) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s sides) Less(i, j int) bool {
	tell()
	return s[i] < s[j]
}

func deferred() {
	defer func() {
		recover()
		outer(1)
	}()
	var s shape
	s.area()
}

func main() {
	fmt.Printf("0x%s\n\n", base())
	var s shape = &square{2}
	s.area()
	f := s.area
	f()
	sort.Sort(sides{2, 1})
	deferred()
	generic()
	done := make(chan bool)
	go func() {
		outer(5)
		done <- true
	}()
	<-done
}
