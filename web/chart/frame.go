package chart

// frame is a plot area with its scales.
type frame struct {
	left, right, top, bottom float64
	x, y                     scale
}

// xAxis draws ticks, labels and the name of the axis below the plot.
func (f *frame) xAxis(c *canvas, values []float64, label func(float64) string, name string) {
	for _, v := range values {
		c.line("pic-axis", f.x.place(v), f.bottom, f.x.place(v), f.bottom+4)
		c.text("pic-small pic-muted pic-middle", f.x.place(v), f.bottom+17, label(v))
	}
	c.line("pic-axis", f.left, f.bottom, f.right, f.bottom)
	if name != "" {
		c.text("pic-small pic-muted pic-end", f.right, f.bottom+33, name)
	}
}

// yAxis draws grid lines with labels to the left.
func (f *frame) yAxis(c *canvas, values []float64, label func(float64) string) {
	for _, v := range values {
		c.line("pic-grid", f.left, f.y.place(v), f.right, f.y.place(v))
		c.text("pic-small pic-muted pic-end", f.left-6, f.y.place(v)+4, label(v))
	}
}

// quarters are the shares at which a share axis is labelled.
func quarters() []float64 { return []float64{0, 0.25, 0.5, 0.75, 1} }

// atRisk writes the numbers at risk under the axis.
func (f *frame) atRisk(c *canvas, y float64, name string, values []float64, label func(float64) string) {
	c.text("pic-small pic-muted", f.left-12, y-18, name+":")
	for _, v := range values {
		c.text("pic-small pic-middle", f.x.place(v), y, label(v))
	}
}

// label is a text that wants a place beside a plot; its height may give way.
type label struct {
	class, text string
	x, y        float64
}

// spread moves labels apart so that no two are closer than gap, inside a range.
func spread(labels []label, gap, top, bottom float64) {
	for i := 1; i < len(labels); i++ { // by height; few of them
		for j := i; j > 0 && labels[j].y < labels[j-1].y; j-- {
			labels[j], labels[j-1] = labels[j-1], labels[j]
		}
	}
	for i := range labels {
		labels[i].y = max(labels[i].y, top)
		if i > 0 {
			labels[i].y = max(labels[i].y, labels[i-1].y+gap)
		}
	}
	for i := len(labels) - 1; i >= 0; i-- {
		limit := bottom - gap*float64(len(labels)-1-i)
		labels[i].y = min(labels[i].y, limit)
	}
}
