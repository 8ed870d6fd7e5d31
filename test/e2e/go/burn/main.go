// burn - uses CPU time in known ways, until it is killed.
//
// usage: burn MODE [GOROUTINES]
//
//	ratio   heavy, middle and light share the time 3:2:1
//	mixed   json, gzip, sha256 and a garbage collector that has work
//	deep    recursion of 400 frames, some 40 KiB of stack
//	frames  functions without a frame below ones with large frames
//	short   a goroutine for each millisecond of work
//	labels  as ratio, each under its pprof label: part=heavy and so on
//	system  reads /dev/zero: nearly all of it in the kernel
//
// Prints "ready" when it has begun.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"time"
)

var sink uint64

//go:noinline
func spin(n int) uint64 {
	x := uint64(88172645463325252)
	for i := 0; i < n; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

const unit = 100000

//go:noinline
func heavy() uint64 { return spin(3*unit) + 1 }

//go:noinline
func middle() uint64 { return spin(2*unit) + 1 }

//go:noinline
func light() uint64 { return spin(unit) + 1 }

func ratio() uint64 { return heavy() + middle() + light() }

func under(part string, what func() uint64) (sum uint64) {
	pprof.Do(context.Background(), pprof.Labels("part", part),
		func(context.Context) { sum = what() })
	return sum
}

func labels() uint64 {
	return under("heavy", heavy) + under("middle", middle) +
		under("light", light)
}

type record struct {
	Name   string
	Values []float64
	Parts  map[string]string
}

func mixed() uint64 {
	r := record{Name: "mixed", Parts: map[string]string{}}
	for i := 0; i < 200; i++ {
		r.Values = append(r.Values, float64(i)*1.5)
		r.Parts[strconv.Itoa(i)] = strconv.Itoa(i * i)
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	var back record
	if err := json.Unmarshal(text, &back); err != nil {
		panic(err)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(text)
	w.Close()
	sum := sha256.Sum256(bytes.Repeat(text, 20))
	return uint64(sum[0]) + uint64(packed.Len()) + uint64(len(back.Values))
}

//go:noinline
func deeper(n int) uint64 {
	var room [8]uint64
	if n == 0 {
		return spin(unit)
	}
	room[n%8] = deeper(n - 1)
	return room[n%8] + room[(n+1)%8]
}

func deep() uint64 { return deeper(400) }

//go:noinline
func leaf(n int) uint64 {
	x := uint64(1)
	for i := 0; i < n; i++ {
		x = x*2862933555777941757 + 3037000493
	}
	return x
}

//go:noinline
func large(n int) uint64 {
	var room [1000]uint64
	for i := range room {
		room[i] = uint64(i + n)
	}
	room[n%1000] += leaf(n)
	return room[n%1000] + room[(n+7)%1000]
}

func frames() uint64 { return large(unit) }

func short() uint64 {
	done := make(chan uint64)
	go func() { done <- spin(2 * unit) }()
	return <-done
}

func system() uint64 {
	buf := make([]byte, 1<<20)
	f, err := os.Open("/dev/zero")
	if err != nil {
		panic(err)
	}
	defer f.Close()
	n, _ := f.Read(buf)
	return uint64(n)
}

func burn(what func() uint64) {
	for {
		sink += what()
	}
}

func main() {
	modes := map[string]func() uint64{
		"ratio": ratio, "mixed": mixed, "deep": deep, "frames": frames,
		"short": short, "labels": labels, "system": system,
	}
	what, ok := modes[os.Args[1]]
	if !ok {
		panic("no such mode: " + os.Args[1])
	}
	n := 1
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	for i := 0; i < n; i++ {
		go burn(what)
	}
	fmt.Println("ready")
	for {
		time.Sleep(time.Hour)
	}
}
