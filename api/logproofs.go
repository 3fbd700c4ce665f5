package api

import (
	"strconv"
)

type growthJSON struct {
	From   int64    `json:"from" doc:"leaves of the older head"`
	To     int64    `json:"to" doc:"leaves of the newer head"`
	Hashes []string `json:"hashes" nullable:"false" doc:"consistency proof of RFC 6962, base64"`
}

func (s *Server) leafProof(c *call) (reply, error) {
	leaf, err := c.index("leaf")
	if err != nil {
		return reply{}, err
	}
	proof, err := s.app.Evidence.LeafProof(c.ctx(), c.actor(), leaf)
	return reply{raw: proof, media: "text/plain; charset=utf-8"}, err
}

func (s *Server) growthProof(c *call) (reply, error) {
	var at [2]int64
	for n, name := range []string{"from", "to"} {
		size, err := strconv.ParseInt(c.query.Get(name), 10, 64)
		if err != nil || size < 1 {
			c.refuse(name, "%q is not a number of leaves; give the second line of a signed head")
		}
		at[n] = size
	}
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	growth, err := s.app.Evidence.GrowthProof(c.ctx(), c.actor(), at[0], at[1])
	out := growthJSON{From: growth.From, To: growth.To, Hashes: []string{}}
	for _, hash := range growth.Hashes {
		out.Hashes = append(out.Hashes, hash.String())
	}
	return reply{body: out}, err
}
