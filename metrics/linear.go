package metrics

import "math"

// solve is x with a·x = b by Gaussian elimination with partial pivoting, for the
// few unknowns of a test or a small regression. ok is false for a singular
// matrix. Neither argument is changed.
func solve(a [][]float64, b []float64) (x []float64, ok bool) {
	inv, ok := invert(a)
	if !ok {
		return nil, false
	}
	x = make([]float64, len(b))
	for i := range inv {
		for j, v := range b {
			x[i] += inv[i][j] * v
		}
	}
	return x, true
}

// invert is the inverse of a small square matrix; ok is false when it has none.
func invert(a [][]float64) (inverse [][]float64, ok bool) {
	n := len(a)
	m := make([][]float64, n)
	scale := 0.0
	for i := range a {
		m[i] = make([]float64, 2*n)
		copy(m[i], a[i])
		m[i][n+i] = 1
		for _, v := range a[i] {
			scale = max(scale, math.Abs(v))
		}
	}
	for c := range n {
		pivot := c
		for r := c + 1; r < n; r++ {
			if math.Abs(m[r][c]) > math.Abs(m[pivot][c]) {
				pivot = r
			}
		}
		if !(math.Abs(m[pivot][c]) > scale*1e-14) {
			return nil, false
		}
		m[c], m[pivot] = m[pivot], m[c]
		p := m[c][c]
		for j := range m[c] {
			m[c][j] /= p
		}
		for r := range n {
			f := m[r][c]
			if r == c || f == 0 {
				continue
			}
			for j := range m[r] {
				m[r][j] -= f * m[c][j]
			}
		}
	}
	for i := range m {
		inverse = append(inverse, m[i][n:])
	}
	return inverse, true
}
