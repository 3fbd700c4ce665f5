package domain

// nameSurvivor says which measure goes on in place of this one. A person always
// knows; a program may not.
func (m *Measure) nameSurvivor(bad *problems, survivor MeasureKey, needed bool) {
	switch {
	case m.ClosureReason != Duplicate && survivor != "":
		bad.add("duplicate_of", "goes with closure reason duplicate")
		return
	case m.ClosureReason != Duplicate:
	case survivor == "" && needed:
		bad.add("duplicate_of", "is empty; name the measure that goes on, for example M-7")
	case survivor != "" && survivor == m.Key:
		bad.add("duplicate_of", "is the measure itself")
	}
	m.DuplicateOf = survivor
}

// CheckSurvivor refuses a survivor that does not go on itself, which also keeps
// duplicates from pointing at each other in a circle.
func CheckSurvivor(m, survivor Measure) error {
	switch {
	case m.DuplicateOf == "":
		return nil
	case survivor.Key == m.Key:
		return Invalid("duplicate_of", "is the measure itself")
	case survivor.ClosureReason == Duplicate && survivor.DuplicateOf != "":
		return Invalid("duplicate_of", "%s is closed as a duplicate of %s; name that one", survivor.Key, survivor.DuplicateOf)
	case survivor.ClosureReason == Duplicate:
		return Invalid("duplicate_of", "%s is closed as a duplicate itself; reopen it or name another measure", survivor.Key)
	case survivor.ClosureReason == CreatedInError:
		return Invalid("duplicate_of", "%s was created in error; reopen it or name another measure", survivor.Key)
	}
	return nil
}
