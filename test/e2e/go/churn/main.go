// churn - a thousand goroutines that wait and twenty that make short ones
// without end.
//
// Prints "ready".
package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

//go:noinline
func hop(n int) int {
	if n == 0 {
		runtime.Gosched()
		return 1
	}
	return hop(n-1) + 1
}

func short(group *sync.WaitGroup, n int) {
	defer group.Done()
	hop(n % 20)
	time.Sleep(time.Duration(n%5) * 100 * time.Microsecond)
}

func create() {
	for {
		var group sync.WaitGroup
		for i := 0; i < 50; i++ {
			group.Add(1)
			go short(&group, i)
		}
		group.Wait()
	}
}

func main() {
	never := make(chan int)
	for i := 0; i < 1000; i++ {
		go func() { <-never }()
	}
	for i := 0; i < 20; i++ {
		go create()
	}
	fmt.Println("ready")
	<-never
}
