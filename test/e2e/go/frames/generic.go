//go:build go1.18
// +build go1.18

package main

type box[T any] struct{ in T }

func (b box[T]) open(see func(T)) { see(b.in) }

//go:noinline
func each[T any](list []T, see func(T)) {
	for _, v := range list {
		box[T]{v}.open(see)
	}
}

func generic() {
	each([]int{1}, func(n int) { outer(n) })
	each([]string{"a"}, func(string) { tell() })
	each([][]int{{1}}, func(n []int) { box[int]{n[0]}.open(func(int) { tell() }) })
}
