// Makes the rows of share/pgo/go: where the members of the runtime's
// structures are in one version of Go.
//
// The sources of that version are type-checked with the sizes of gc on amd64;
// its own go command says which files they are, for build tags and experiments
// change structures.  What comes out is compared with the DWARF of a program
// built by that version, and only then called verified.
//
// usage: go run main.go [-h OFFSETS_H] [-o FOLDER] [VERSION...]
//
// VERSION is go1.26.8, or local for the go command on PATH as it is.  Without
// one: every minor the module proxy has, by its newest patch; what was elsewhere
// in earlier patches is found by halving.
package main

import (
	"bytes"
	"debug/dwarf"
	"debug/elf"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// The first minor whose pclntab the readers know.
const oldest = 16

var (
	sizes  = types.SizesFor("gc", "amd64")
	header = flag.String("h", "lib/target/go/offsets.h", "where GO_FIELDS is")
	out    = flag.String("o", "share/pgo/go", "the folder of the rows")
)

// A field is one line of GO_FIELDS: members are the names a member has had,
// paths of members with dots; none of them is the size of the struct.
type field struct {
	strct   string
	members []string
}

// The name of a field in a row.
func (f field) name() string {
	if f.members == nil {
		return f.strct + " size"
	}
	return f.strct + "." + f.members[0]
}

// Where fields are, by name; a field that is not there has no entry.
type offsets map[string]int64

// fields reads GO_FIELDS out of offsets.h.
func fields(path string) ([]field, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all []field
	one := regexp.MustCompile(`X\(GO_\w+,\s*"(\w+)",\s*"([^"]*)"\)`)
	for _, m := range one.FindAllStringSubmatch(string(text), -1) {
		f := field{strct: m[1]}
		if m[2] != "" {
			f.members = strings.Split(m[2], "|")
		}
		all = append(all, f)
	}
	if all == nil {
		return nil, fmt.Errorf("%s: no GO_FIELDS", path)
	}
	return all, nil
}

// A toolchain is what GOTOOLCHAIN calls it.
type toolchain string

// run gives the output of its go command, which builds for the machine the
// rows are of and knows nothing of the user's settings.
func (t toolchain) run(args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	// A blank, for what is empty is looked up in the user's settings.
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+string(t), "GOFLAGS= ",
		"GOEXPERIMENT=", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1",
		"CGO_ENABLED=0", "GO111MODULE=", "GOROOT=")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: go %s: %w", t, args[0], err)
	}
	return text, err
}

// version is "go1.26.8".
func (t toolchain) version() (string, error) {
	text, err := t.run("env", "GOVERSION")
	return strings.Fields(string(text) + " ?")[0], err
}

// The sources --------------------------------------------------------------

// Sources are the packages that runtime needs, checked, and it itself.
type sources struct {
	fset     *token.FileSet
	packages map[string]*types.Package
	files    []*ast.File // of the last package
	values   map[ast.Expr]types.TypeAndValue
}

func (s *sources) Import(path string) (*types.Package, error) {
	if p := s.packages[path]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("%s: not among what runtime needs", path)
}

// check adds the package of FILES in DIR.
func (s *sources) check(path, dir string, files []string) error {
	s.files = nil
	for _, name := range files {
		f, err := parser.ParseFile(s.fset, filepath.Join(dir, name), nil, 0)
		if err != nil {
			return err
		}
		s.files = append(s.files, f)
	}
	s.values = map[ast.Expr]types.TypeAndValue{}
	config := types.Config{Importer: s, Sizes: sizes, IgnoreFuncBodies: true}
	p, err := config.Check(path, s.fset, s.files,
		&types.Info{Types: s.values})
	s.packages[path] = p
	return err
}

// load checks runtime and all below it, in the order the go command gives.
func load(t toolchain) (*sources, error) {
	list, err := t.run("list", "-deps", "-json", "runtime")
	if err != nil {
		return nil, err
	}
	s := &sources{fset: token.NewFileSet(), packages: map[string]*types.Package{
		"unsafe": types.Unsafe,
	}}
	for in := json.NewDecoder(bytes.NewReader(list)); ; {
		var p struct {
			ImportPath, Dir string
			GoFiles         []string
		}
		if err := in.Decode(&p); err == io.EOF {
			return s, nil
		} else if err != nil {
			return nil, err
		}
		if p.ImportPath == "unsafe" {
			continue
		}
		if err := s.check(p.ImportPath, p.Dir, p.GoFiles); err != nil {
			return nil, err
		}
	}
}

// member finds NAME in STRUCT.
func member(in types.Type, name string) (types.Type, int64, bool) {
	st, ok := in.Underlying().(*types.Struct)
	if !ok {
		return nil, 0, false
	}
	var all []*types.Var
	for i := 0; i < st.NumFields(); i++ {
		all = append(all, st.Field(i))
		if st.Field(i).Name() == name {
			return st.Field(i).Type(), sizes.Offsetsof(all)[i], true
		}
	}
	return nil, 0, false
}

// offsets says where all of FIELDS are.
func (s *sources) offsets(all []field) offsets {
	o := offsets{}
	for _, f := range all {
		obj := s.packages["runtime"].Scope().Lookup(f.strct)
		if obj == nil {
			continue
		}
		if f.members == nil {
			o[f.name()] = sizes.Sizeof(obj.Type())
		}
		walk(o, f, obj.Type(), member)
	}
	return o
}

// walk puts F into O, by the first of its paths that STEP can follow.
func walk[T any](o offsets, f field, from T,
	step func(in T, name string) (T, int64, bool)) {
	for _, path := range f.members {
		in, sum, ok := from, int64(0), true
		for _, name := range strings.Split(path, ".") {
			var at int64
			if in, at, ok = step(in, name); !ok {
				break
			}
			sum += at
		}
		if ok {
			o[f.name()] = sum
			return
		}
	}
}

// reasons is runtime.waitReasonStrings.
func (s *sources) reasons() ([]string, error) {
	var list *ast.CompositeLit
	for _, f := range s.files {
		if obj := f.Scope.Lookup("waitReasonStrings"); obj != nil {
			list = obj.Decl.(*ast.ValueSpec).Values[0].(*ast.CompositeLit)
		}
	}
	if list == nil {
		return nil, fmt.Errorf("no runtime.waitReasonStrings")
	}
	all := make([]string, len(list.Elts))
	for _, e := range list.Elts {
		pair := e.(*ast.KeyValueExpr)
		i, _ := constant.Int64Val(s.values[pair.Key].Value)
		all[i] = constant.StringVal(s.values[pair.Value].Value)
	}
	return all, nil
}

// DWARF --------------------------------------------------------------------

// Uses all that rows are about, so that the linker keeps their types.
const program = `package main

import (
	"os"
	"runtime/pprof"
	"time"
)

func main() {
	time.AfterFunc(time.Second, func() {})
	pprof.WriteHeapProfile(os.Stdout)
}
`

// built is the DWARF of a program T has built.
func built(t toolchain) (*dwarf.Data, error) {
	dir, err := os.MkdirTemp("", "offsets")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	main, exe := filepath.Join(dir, "main.go"), filepath.Join(dir, "main")
	if err := os.WriteFile(main, []byte(program), 0o666); err != nil {
		return nil, err
	}
	if _, err := t.run("build", "-o", exe, main); err != nil {
		return nil, err
	}
	f, err := elf.Open(exe)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.DWARF()
}

// structs collects the structures of package runtime.
func structs(d *dwarf.Data) (map[string]*dwarf.StructType, error) {
	all := map[string]*dwarf.StructType{}
	for r := d.Reader(); ; {
		e, err := r.Next()
		if e == nil || err != nil {
			return all, err
		}
		name, _ := e.Val(dwarf.AttrName).(string)
		if e.Tag != dwarf.TagStructType ||
			!strings.HasPrefix(name, "runtime.") {
			continue
		}
		typ, err := d.Type(e.Offset)
		if err != nil {
			return nil, err
		}
		all[strings.TrimPrefix(name, "runtime.")] = typ.(*dwarf.StructType)
	}
}

// seen says where DWARF has all of FIELDS.
func seen(d *dwarf.Data, all []field) (offsets, error) {
	types, err := structs(d)
	o := offsets{}
	step := func(in dwarf.Type, name string) (dwarf.Type, int64, bool) {
		for {
			t, ok := in.(*dwarf.TypedefType)
			if !ok {
				break
			}
			in = t.Type
		}
		st, ok := in.(*dwarf.StructType)
		if !ok {
			return nil, 0, false
		}
		for _, f := range st.Field {
			if f.Name == name {
				return f.Type, f.ByteOffset, true
			}
		}
		return nil, 0, false
	}
	for _, f := range all {
		st := types[f.strct]
		if st == nil {
			continue
		}
		if f.members == nil {
			o[f.name()] = st.ByteSize
		}
		walk[dwarf.Type](o, f, st, step)
	}
	return o, err
}

// verify compares what sources say with what T builds.
func verify(t toolchain, o offsets, all []field) error {
	d, err := built(t)
	if err != nil {
		return err
	}
	real, err := seen(d, all)
	if err != nil {
		return err
	}
	for _, f := range all {
		a, inSource := o[f.name()]
		b, inDwarf := real[f.name()]
		if a != b || inSource != inDwarf {
			return fmt.Errorf("%s: %s: %d (%t) by its sources, %d (%t) by DWARF",
				t, f.name(), a, inSource, b, inDwarf)
		}
	}
	return nil
}

// Rows ---------------------------------------------------------------------

// A maker knows the fields and, once made, what each version has.
type maker struct {
	fields []field
	made   map[string]*row
}

type row struct {
	version string
	offsets offsets
	reasons []string
}

// row makes the row of T, by its sources and compared with its DWARF.
func (m *maker) row(t toolchain) (*row, error) {
	if r := m.made[string(t)]; r != nil {
		return r, nil
	}
	version, err := t.version()
	if err != nil {
		return nil, err
	}
	if minor(version) < 0 {
		return nil, fmt.Errorf("%s: no release", version)
	}
	s, err := load(t)
	if err != nil {
		return nil, err
	}
	r := &row{version: version, offsets: s.offsets(m.fields)}
	if r.reasons, err = s.reasons(); err != nil {
		return nil, err
	}
	if err := verify(t, r.offsets, m.fields); err != nil {
		return nil, err
	}
	fmt.Println(version)
	m.made[string(t)] = r
	return r, nil
}

// at is what a row says of F.
func (r *row) at(f field) string {
	if at, ok := r.offsets[f.name()]; ok {
		return strconv.FormatInt(at, 10)
	}
	return "-"
}

// changes are the lines for versions before NEWER, which are as OLDER, as far
// as they differ.
func (m *maker) changes(older, newer *row) (lines []string, err error) {
	for _, f := range m.fields {
		if older.at(f) != newer.at(f) {
			lines = append(lines, fmt.Sprintf("before %s %s %s\n",
				strings.TrimPrefix(newer.version, "go"),
				f.name(), older.at(f)))
		}
	}
	for i, r := range older.reasons {
		if i >= len(newer.reasons) || newer.reasons[i] != r {
			err = fmt.Errorf("%s: other wait reasons than %s",
				older.version, newer.version)
		}
	}
	return lines, err
}

// history looks for the patches at which the structures changed, latest first.
// VERSIONS are of one minor, in order; if the first and the last are equal,
// those between are taken to be.
func (m *maker) history(versions []string) ([]string, error) {
	last := len(versions) - 1
	older, err := m.row(toolchain(versions[0]))
	if err != nil {
		return nil, err
	}
	newer, err := m.row(toolchain(versions[last]))
	if err != nil {
		return nil, err
	}
	lines, err := m.changes(older, newer)
	if err != nil || lines == nil || last == 1 {
		return lines, err
	}
	late, err := m.history(versions[last/2:])
	if err != nil {
		return nil, err
	}
	early, err := m.history(versions[:last/2+1])
	return append(late, early...), err
}

// write writes the row of a minor, whose VERSIONS are in order.
func (m *maker) write(versions []string) error {
	newest := versions[len(versions)-1]
	r, err := m.row(toolchain(newest))
	if err != nil {
		return err
	}
	changes, err := m.history(versions)
	if err != nil {
		return err
	}
	b := new(bytes.Buffer)
	fmt.Fprintf(b, "# By lib/target/go/gen from %s.\n", r.version)
	fmt.Fprintf(b, "go 1.%d\nverified yes\n", minor(r.version))
	for _, f := range m.fields {
		fmt.Fprintf(b, "%s %s\n", f.name(), r.at(f))
	}
	for _, line := range changes {
		b.WriteString(line)
	}
	for i, text := range r.reasons {
		fmt.Fprintf(b, "reason %d %q\n", i, text)
	}
	name := fmt.Sprintf("1.%d.offsets", minor(r.version))
	return os.WriteFile(filepath.Join(*out, name), b.Bytes(), 0o666)
}

// Versions -----------------------------------------------------------------

// minor is the 26 of "go1.26.8" and of "go1.26rc1".
func minor(version string) int {
	n, _ := parse(version)
	return n
}

// parse gives the minor and a number that is greater for what came later in it.
func parse(version string) (minor, rank int) {
	one := regexp.MustCompile(`^go1\.(\d+)(?:\.(\d+)|rc(\d+))?$`)
	m := one.FindStringSubmatch(version)
	if m == nil {
		return -1, 0
	}
	minor, _ = strconv.Atoi(m[1])
	patch, _ := strconv.Atoi(m[2])
	candidate, _ := strconv.Atoi(m[3])
	if m[3] != "" {
		return minor, candidate
	}
	return minor, 1000 + patch
}

// releases are the versions that the module proxy has, in order, by minor;
// of a minor that is not out yet, its candidates.
func releases() ([][]string, error) {
	text, err := exec.Command("go", "list", "-m", "-versions",
		"golang.org/toolchain").Output()
	if err != nil {
		return nil, fmt.Errorf("module proxy: %w", err)
	}
	all := map[int][]string{}
	newest := 0
	one := regexp.MustCompile(`v0\.0\.1-(go1\S+)\.linux-amd64\b`)
	for _, found := range one.FindAllStringSubmatch(string(text), -1) {
		if n, _ := parse(found[1]); n >= oldest {
			all[n] = append(all[n], found[1])
			if n > newest {
				newest = n
			}
		}
	}
	var list [][]string
	for n := oldest; n <= newest; n++ {
		if v := inOrder(all[n]); v != nil {
			list = append(list, v)
		}
	}
	return list, nil
}

// inOrder sorts the versions of a minor, without candidates if it is out.
func inOrder(versions []string) []string {
	rank := func(i int) int {
		_, r := parse(versions[i])
		return r
	}
	sort.Slice(versions, func(i, j int) bool { return rank(i) < rank(j) })
	for i := range versions {
		if rank(i) >= 1000 {
			return versions[i:]
		}
	}
	return versions
}

func run() error {
	flag.Parse()
	all, err := fields(*header)
	if err != nil {
		return err
	}
	var minors [][]string
	for _, v := range flag.Args() {
		minors = append(minors, []string{v})
	}
	if minors == nil {
		if minors, err = releases(); err != nil {
			return err
		}
	}
	m := maker{fields: all, made: map[string]*row{}}
	for _, versions := range minors {
		if err := m.write(versions); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
