package evidence

import (
	"encoding/hex"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// The roots of the first eight trees of the reference tests of Certificate
// Transparency (RFC 6962): leaves and roots are from that suite.
func TestRootsOfRFC6962(t *testing.T) {
	leaves := []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	roots := []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	var r Range
	for n, want := range roots {
		root := r.Root()
		if got := hex.EncodeToString(root[:]); got != want {
			t.Errorf("root of %d leaves is %s, want %s", n, got, want)
		}
		if n < len(leaves) {
			leaf, err := hex.DecodeString(leaves[n])
			if err != nil {
				t.Fatal(err)
			}
			r.Add(tlog.RecordHash(leaf))
		}
	}
}

// Root, continuation from stored edges and both kinds of proofs agree with
// the reference implementation for every size.
func TestTreeAgreesWithTlog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 600).Draw(t, "leaves")
		cut := rapid.IntRange(0, n).Draw(t, "cut")
		hashes := make([]tlog.Hash, n)
		r := &Range{}
		var old tlog.Hash
		for i := range hashes {
			if i == cut {
				old = r.Root()
				var err error
				if r, err = NewRange(r.Size(), r.Edges()); err != nil {
					t.Fatal(err)
				}
			}
			hashes[i] = tlog.RecordHash([]byte{byte(i), byte(i >> 8)})
			r.Add(hashes[i])
		}
		tree, err := NewTree(hashes)
		if err != nil {
			t.Fatal(err)
		}
		root, err := tlog.TreeHash(int64(n), tree)
		if err != nil || root != r.Root() {
			t.Fatalf("root of %d leaves differs (%v)", n, err)
		}
		at := rapid.Int64Range(0, int64(n)-1).Draw(t, "leaf")
		proof, err := tree.Prove(at)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(proof, int64(n), root, at, hashes[at]); err != nil {
			t.Error(err)
		}
		if err := tlog.CheckRecord(proof, int64(n), root, at, tlog.RecordHash([]byte("other"))); err == nil {
			t.Error("a proof of another leaf was accepted")
		}
		if cut > 0 && cut < n {
			growth, err := tree.ProveGrowth(int64(cut))
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckTree(growth, int64(n), root, int64(cut), old); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestRangeRefusesEdgesOfAnotherSize(t *testing.T) {
	for size, edges := range map[int64]int{3: 1, 4: 2, 0: 1, -1: 0} {
		if _, err := NewRange(size, make([]byte, edges*tlog.HashSize)); err == nil {
			t.Errorf("%d edges for %d leaves were accepted", edges, size)
		}
	}
}
