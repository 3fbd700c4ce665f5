package notify

import "github.com/followthrough/followthrough/domain"

func english() words {
	return words{
		Months:       [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		Date:         "%d %s %d",
		Reminder:     forms{"Followthrough: one measure to look at", "Followthrough: %d measures to look at"},
		ReminderChat: forms{"One measure to look at today", "%d measures to look at today"},
		Digest:       "Followthrough: measures in the week of %s",
		Greeting:     "Hello %s,",
		GreetingAll:  "Hello,",
		LeadReminder: "this is what comes due or waits for you today.",
		LeadDigest:   "this is how the measures stand that you can see.",
		Sections: map[domain.Reason]string{
			domain.ReasonEscalated:    "Escalated: overdue measures of others",
			domain.ReasonOverdue:      "Overdue",
			domain.ReasonDueToday:     "Due today",
			domain.ReasonDueSoon:      "Due soon",
			domain.ReasonPastPromise:  "Past the first promise",
			domain.ReasonVerification: "Done, waiting for a verdict",
			domain.ReasonConflict:     "Conflicts that wait for a decision",
			domain.ReasonNew:          "New this week",
			domain.ReasonIneffective:  "Done without the effect that was hoped for",
		},
		DaysOverdue: forms{"one day overdue", "%d days overdue"},
		DueToday:    "due today",
		DueTomorrow: "due tomorrow",
		DueInDays:   forms{"due tomorrow", "due in %d days"},
		PastPromise: forms{"first date was yesterday", "first date was %d days ago"},
		VerifyToday: "to be verified today",
		VerifySince: forms{"to be verified since yesterday", "to be verified for %d days"},
		WaitsToday:  "waits since today",
		Waits:       forms{"waits for one day", "waits for %d days"},
		DueOn:       "due on %s",
		NoDue:       "no due date",
		Owner:       "owner: %s",
		Away:        "for %s, who is away",
		More:        forms{"and one more", "and %d more"},
		LateHead:    "Open measures past their first promise, by age:",
		Late: map[domain.LateAge]string{
			domain.Late1To7: "1 to 7 days", domain.Late8To30: "8 to 30 days", domain.Late31To90: "31 to 90 days", domain.LateOver90: "over 90 days",
		},
		Checkpoint:  "Latest checkpoint of the evidence log; keep this mail to be able to prove what was known by today:",
		WhyReminder: "You get this because you own these measures, stand in for their owners or lead their team.",
		WhyDigest:   "You get this once a week because you have an account here.",
		Choose:      "Choose what you are told, or say when you are away: %s",
		Stop:        "No more letters of this kind: %s",
	}
}
