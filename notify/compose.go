package notify

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
	"unicode/utf8"

	"github.com/followthrough/followthrough/domain"
)

// Message is a letter in words, for a mail (Subject, Text, HTML) and for a chat.
type Message struct {
	Subject string
	Text    string
	HTML    string
	Chat    string
}

// chatLines is how many measures a chat message names.
const chatLines = 20

// view is a letter as the HTML template sees it.
type view struct {
	Lang, Subject, Greeting, Lead string
	Sections                      []viewSection
	LateHead                      string
	Late                          []string
	CheckpointHead, Checkpoint    string
	Why, Choose, Stop             string
	ChooseURL, StopURL            string
}

type viewSection struct {
	Title string
	Lines []viewLine
	More  string
}

type viewLine struct{ Key, Title, Facts, URL string }

// Compose words a letter. publicURL is where the pages are; checkpoint is the
// line of the evidence log that a digest carries, empty for none.
func Compose(l domain.Letter, publicURL, checkpoint string) (Message, error) {
	w := wordsOf(l.Language)
	v := view{Lang: "en", Greeting: w.GreetingAll, ChooseURL: publicURL + "/account#reminders", StopURL: StopURL(publicURL, l.Notice.Stop)}
	if l.Language == "de" {
		v.Lang = "de"
	}
	if name := plain(l.Name); name != "" {
		v.Greeting = fmt.Sprintf(w.Greeting, name)
	}
	n, checks, assessments := 0, 0, 0
	for _, s := range l.Sections {
		switch s.Reason {
		case domain.ReasonCheckDue:
			checks += s.Total
		case domain.ReasonAssessment:
			assessments += s.Total
		default:
			n += s.Total
		}
		v.Sections = append(v.Sections, w.section(s, l.Name, publicURL))
	}
	v.Choose, v.Stop = fmt.Sprintf(w.Choose, v.ChooseURL), fmt.Sprintf(w.Stop, v.StopURL)
	v.Subject, v.Lead, v.Why = w.Reminder.of(n), w.LeadReminder, w.WhyReminder
	head := w.ReminderChat.of(n)
	switch {
	case n == 0 && checks > 0:
		v.Subject, head, v.Why = w.CheckSubject, w.CheckChat, w.WhyCheck
	case n == 0 && assessments > 0:
		v.Subject, head, v.Why = w.AssessmentSubject, w.AssessmentChat, w.WhyAssessment
	}
	if l.Notice.Kind == domain.NoticeDigest {
		v.Subject, v.Lead, v.Why = fmt.Sprintf(w.Digest, w.date(l.Day)), w.LeadDigest, w.WhyDigest
		head = v.Subject
		v.late(w, l)
		if checkpoint != "" {
			v.CheckpointHead, v.Checkpoint = w.Checkpoint, plain(checkpoint)
		}
	}
	var html bytes.Buffer
	if err := page().Execute(&html, v); err != nil {
		return Message{}, err
	}
	return Message{Subject: v.Subject, Text: v.text(), HTML: html.String(), Chat: v.chat(head, w)}, nil
}

// StopURL is where the receiver of a letter ends that kind of letter.
func StopURL(publicURL, stop string) string { return publicURL + "/reminders/stop/" + stop }

// section words the measures of one reason; who reads it is not told that they
// are responsible themselves.
func (w words) section(s domain.LetterSection, reader, publicURL string) viewSection {
	out := viewSection{Title: w.Sections[s.Reason]}
	for _, line := range s.Lines {
		if line.Check.Key != "" {
			out.Lines = append(out.Lines, w.check(line, publicURL))
			continue
		}
		if line.Assessment.Period != "" {
			out.Lines = append(out.Lines, viewLine{Key: line.Assessment.Period, Title: w.AssessmentTitle, Facts: w.dueOn(line.Days, line.Assessment.DueOn), URL: publicURL + "/recurrences"})
			continue
		}
		facts := []string{string(line.Measure.Priority), w.when(s.Reason, line)}
		if line.For != "" {
			facts = append(facts, fmt.Sprintf(w.Away, plain(line.For)))
		} else if line.Owner != "" && line.Owner != reader {
			facts = append(facts, fmt.Sprintf(w.Owner, plain(line.Owner)))
		}
		if facts[0] == "" {
			facts = facts[1:]
		}
		out.Lines = append(out.Lines, viewLine{Key: string(line.Measure.Key), Title: plain(line.Measure.Title), Facts: strings.Join(facts, " · "),
			URL: publicURL + "/measures/" + string(line.Measure.Key)})
	}
	if more := s.Total - len(s.Lines); more > 0 {
		out.More = w.More.of(more)
	}
	return out
}

// check words that a crisis check is due; it leads to where it is begun.
func (w words) check(line domain.LetterLine, publicURL string) viewLine {
	title := w.CheckOfAll
	if line.Team != "" {
		title = fmt.Sprintf(w.CheckOfTeam, plain(line.Team))
	}
	facts := w.dueOn(line.Days, line.Check.NextOn) + " · " + fmt.Sprintf(w.CheckLast, line.Check.Key)
	return viewLine{Key: w.CheckName, Title: title, Facts: facts, URL: publicURL + "/checks"}
}

func (v *view) late(w words, l domain.Letter) {
	for _, age := range domain.LateAges() {
		if n := l.Late[age]; n > 0 {
			v.LateHead = w.LateHead
			v.Late = append(v.Late, fmt.Sprintf("%s: %d", w.Late[age], n))
		}
	}
}

func (v view) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", v.Greeting, v.Lead)
	for _, s := range v.Sections {
		fmt.Fprintf(&b, "\n%s\n%s\n", s.Title, strings.Repeat("-", utf8.RuneCountInString(s.Title)))
		for _, line := range s.Lines {
			fmt.Fprintf(&b, "\n%s  %s\n  %s\n  %s\n", line.Key, line.Title, line.Facts, line.URL)
		}
		if s.More != "" {
			fmt.Fprintf(&b, "\n%s\n", s.More)
		}
	}
	if v.LateHead != "" {
		fmt.Fprintf(&b, "\n%s\n  %s\n", v.LateHead, strings.Join(v.Late, "\n  "))
	}
	if v.Checkpoint != "" {
		fmt.Fprintf(&b, "\n%s\n  %s\n", v.CheckpointHead, v.Checkpoint)
	}
	fmt.Fprintf(&b, "\n-- \n%s\n%s\n%s\n", v.Why, v.Choose, v.Stop)
	return b.String()
}

// chat is the letter for a chat: shorter, and without anything that calls
// people or makes a link of its own there.
func (v view) chat(head string, w words) string {
	tame := strings.NewReplacer("@", "@\u200b", "<", "‹", ">", "›", "[", "(", "]", ")", "`", "'")
	var b strings.Builder
	b.WriteString(head + "\n")
	left, hidden := chatLines, 0
	for _, s := range v.Sections {
		if left == 0 {
			hidden += len(s.Lines)
			continue
		}
		b.WriteString("\n" + s.Title + "\n")
		shown := s.Lines[:min(left, len(s.Lines))]
		for _, line := range shown {
			fmt.Fprintf(&b, "• %s %s (%s) %s\n", line.Key, tame.Replace(line.Title), tame.Replace(line.Facts), line.URL)
		}
		left -= len(shown)
		hidden += len(s.Lines) - len(shown)
	}
	if hidden > 0 {
		b.WriteString(w.More.of(hidden) + "\n")
	}
	return b.String()
}

func page() *template.Template {
	return template.Must(template.New("letter").Parse(letterHTML))
}

// letterHTML uses no picture and no style from elsewhere, so that reading a
// letter tells nobody anything.
const letterHTML = `<!DOCTYPE html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><title>{{.Subject}}</title></head>
<body style="font-family:sans-serif;line-height:1.4;max-width:42em">
<p>{{.Greeting}}</p><p>{{.Lead}}</p>
{{range .Sections}}<h2 style="font-size:1.1em">{{.Title}}</h2>
<ul>{{range .Lines}}<li><a href="{{.URL}}">{{.Key}}</a> {{.Title}}<br><small>{{.Facts}}</small></li>
{{end}}</ul>{{if .More}}<p>{{.More}}</p>{{end}}
{{end}}{{if .LateHead}}<p>{{.LateHead}}</p><ul>{{range .Late}}<li>{{.}}</li>{{end}}</ul>
{{end}}{{if .Checkpoint}}<p>{{.CheckpointHead}}</p><pre>{{.Checkpoint}}</pre>
{{end}}<hr><p><small>{{.Why}}<br><a href="{{.ChooseURL}}">{{.Choose}}</a><br><a href="{{.StopURL}}">{{.Stop}}</a></small></p>
</body></html>
`
