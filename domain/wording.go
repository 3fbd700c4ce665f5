package domain

import (
	"slices"
	"strings"
	"unicode"
)

// Advice is a suggestion about the wording of a measure. It never blocks.
type Advice struct {
	Code AdviceCode
	// Word is what the advice is about, as it is written.
	Word string
}

// AdviceCode names a suggestion.
type AdviceCode string

// The suggestions.
const (
	AdviceVerb    AdviceCode = "verb"    // begin with what is to be done
	AdviceBounded AdviceCode = "bounded" // say when it is finished
	AdviceSplit   AdviceCode = "split"   // one measure, one thing
	AdviceOwner   AdviceCode = "owner"   // exactly one person
	AdviceMetric  AdviceCode = "metric"  // how will we know
	AdviceBlame   AdviceCode = "blame"   // change the system, not the person
)

// AdviceCodes lists every suggestion.
func AdviceCodes() []AdviceCode {
	return []AdviceCode{AdviceVerb, AdviceBounded, AdviceSplit, AdviceOwner, AdviceMetric, AdviceBlame}
}

// Wording looks at a measure the way a good moderator would: does it begin with
// a verb, does it end somewhere, has it one owner and a metric? English and
// German are read alike; a German title may end with its verb.
func Wording(m Measure) []Advice {
	var out []Advice
	words := strings.FieldsFunc(m.Title, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;:()\"„“»«", r) })
	if len(words) == 0 {
		return nil
	}
	if !beginsWithVerb(words) {
		out = append(out, Advice{AdviceVerb, words[0]})
	}
	lower := " " + strings.ToLower(strings.Join(words, " ")) + " "
	for _, group := range []struct {
		code  AdviceCode
		words []string
	}{{AdviceBounded, vagueWords()}, {AdviceSplit, joiningWords()}, {AdviceBlame, blamingWords()}} {
		if word := firstOf(lower, group.words); word != "" {
			out = append(out, Advice{group.code, word})
		}
	}
	if m.Owner == "" {
		out = append(out, Advice{Code: AdviceOwner})
	}
	if m.Metric.Name == "" && m.Metric.NotMeasurable == "" {
		out = append(out, Advice{Code: AdviceMetric})
	}
	return out
}

func firstOf(lower string, words []string) string {
	for _, w := range words {
		if strings.Contains(lower, " "+w+" ") {
			return w
		}
	}
	return ""
}

// beginsWithVerb accepts an English imperative from a list, and a German title
// whose last words hold an infinitive ("Alarm für Verzögerung einrichten",
// "Prüfen, ob …").
func beginsWithVerb(words []string) bool {
	first := strings.ToLower(words[0])
	if slices.Contains(englishVerbs(), first) {
		return true
	}
	for n, w := range words {
		if (n == 0 || n >= len(words)-2) && germanInfinitive(w, n == 0) {
			return true
		}
	}
	return false
}

// germanInfinitive goes by the ending; a capital letter inside a sentence is a
// noun's. Plurals such as "Kunden" begin a title as well, so that a first word
// is looked up.
func germanInfinitive(word string, first bool) bool {
	lower := strings.ToLower(word)
	if first {
		return slices.Contains(germanVerbs(), lower)
	}
	r := []rune(word)
	if len(r) < 5 || unicode.IsUpper(r[0]) || slices.Contains(notInfinitives(), lower) {
		return false
	}
	return strings.HasSuffix(lower, "en") || strings.HasSuffix(lower, "ern") || strings.HasSuffix(lower, "eln")
}

func englishVerbs() []string {
	return strings.Fields(`add adopt agree alert align allow announce appoint apply archive ask assign audit automate block bring build buy cap change check
		choose clean close collect configure confirm connect consolidate copy correct cover create cut decide decommission decouple define delete deploy deprecate
		describe design detect disable discuss display document drill drop edit eliminate enable encrypt enforce ensure escalate establish evaluate exercise expand
		explain export expose extend fail file find fix follow forbid give graph harden hold implement improve include increase inform install instrument integrate
		introduce investigate invite isolate keep limit link list load lock log look lower maintain make map measure merge migrate monitor move name negotiate notify
		open order organise organize page patch pin plan practise practice prepare prevent print prioritise protect provide prune publish put raise reconfigure record
		reduce refactor refuse rehearse reject release relocate remind remove rename renew repair replace report require reset resize restore restrict review revoke
		rewrite roll rotate run scale schedule script secure send separate set share show shorten shut sign simplify speed split standardise start stop store switch
		teach test track train translate trigger tune turn unify update upgrade use validate verify version warn watch work write`)
}

func germanVerbs() []string {
	return strings.Fields(`abschalten abstimmen aktualisieren alarmieren anlegen anpassen aufnehmen aufräumen aufsetzen ausbauen austauschen automatisieren begrenzen
		benennen beschaffen beschreiben bestimmen dokumentieren durchführen einbauen einführen einplanen einrichten einschränken einstellen einüben entfernen erfassen
		ergänzen ermitteln ersetzen erstellen erweitern festlegen freigeben härten informieren klären konfigurieren kontrollieren korrigieren löschen melden messen
		migrieren nachrüsten nennen organisieren planen prüfen regeln reparieren schreiben schulen sichern sperren teilen testen trennen üben überarbeiten überprüfen
		überwachen umstellen umziehen vereinbaren vereinfachen verhindern veröffentlichen verschieben verteilen vorbereiten wechseln wiederherstellen zusammenführen`)
}

func notInfinitives() []string {
	return strings.Fields("unsere allen einen keinen seinen ihren neuen alten ersten letzten zwischen gegen neben wegen daten werden morgen sieben intern extern gestern modern")
}

func vagueWords() []string {
	return []string{"improve", "better", "optimise", "optimize", "consider", "look into", "look at", "think about", "try to", "various", "as needed", "if possible", "always",
		"everything", "in general", "more robust", "be more", "etc.", "etc", "verbessern", "besser", "bessere", "optimieren", "nachdenken", "gegebenenfalls", "ggf.", "möglichst",
		"immer", "alles", "generell", "sensibilisieren", "stärker", "diverse", "usw.", "u. a."}
}

func joiningWords() []string {
	return []string{"and also", "as well as", "and then", "sowie", "und außerdem", "und dann"}
}

func blamingWords() []string {
	return []string{"be careful", "be more careful", "pay attention", "pay more attention", "remind everyone", "aufpassen", "mehr aufpassen", "vorsichtiger", "sorgfältiger", "ermahnen"}
}
