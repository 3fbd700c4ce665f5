package notify

import "github.com/followthrough/followthrough/domain"

func german() words {
	return words{
		Months:       [12]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
		Date:         "%d. %s %d",
		Reminder:     forms{"Followthrough: eine Maßnahme steht an", "Followthrough: %d Maßnahmen stehen an"},
		ReminderChat: forms{"Heute steht eine Maßnahme an", "Heute stehen %d Maßnahmen an"},
		Digest:       "Followthrough: Maßnahmen in der Woche vom %s",
		Greeting:     "Guten Tag %s,",
		GreetingAll:  "Guten Tag,",
		LeadReminder: "das wird heute fällig oder wartet auf Sie.",
		LeadDigest:   "so steht es um die Maßnahmen, die Sie sehen können.",
		Sections: map[domain.Reason]string{
			domain.ReasonEscalated:    "Eskaliert: überfällige Maßnahmen anderer",
			domain.ReasonOverdue:      "Überfällig",
			domain.ReasonDueToday:     "Heute fällig",
			domain.ReasonDueSoon:      "Bald fällig",
			domain.ReasonPastPromise:  "Erste Zusage verstrichen",
			domain.ReasonVerification: "Erledigt, Wirksamkeit noch zu prüfen",
			domain.ReasonConflict:     "Konflikte, die auf eine Entscheidung warten",
			domain.ReasonNew:          "Neu in dieser Woche",
			domain.ReasonIneffective:  "Erledigt, aber ohne die erhoffte Wirkung",
		},
		DaysOverdue: forms{"einen Tag überfällig", "%d Tage überfällig"},
		DueToday:    "heute fällig",
		DueTomorrow: "morgen fällig",
		DueInDays:   forms{"morgen fällig", "in %d Tagen fällig"},
		PastPromise: forms{"erster Termin war gestern", "erster Termin war vor %d Tagen"},
		VerifyToday: "heute zu prüfen",
		VerifySince: forms{"seit gestern zu prüfen", "seit %d Tagen zu prüfen"},
		WaitsToday:  "wartet seit heute",
		Waits:       forms{"wartet seit einem Tag", "wartet seit %d Tagen"},
		DueOn:       "Termin %s",
		NoDue:       "ohne Termin",
		Owner:       "verantwortlich: %s",
		Away:        "in Vertretung für %s",
		More:        forms{"und eine weitere", "und %d weitere"},
		LateHead:    "Offene Maßnahmen nach ihrer ersten Zusage, nach Alter:",
		Late: map[domain.LateAge]string{
			domain.Late1To7: "1 bis 7 Tage", domain.Late8To30: "8 bis 30 Tage", domain.Late31To90: "31 bis 90 Tage", domain.LateOver90: "über 90 Tage",
		},
		Checkpoint:  "Neuester Prüfpunkt des Nachweisprotokolls; mit dieser Mail lässt sich später belegen, was bis heute bekannt war:",
		WhyReminder: "Sie erhalten dies, weil Sie für diese Maßnahmen verantwortlich sind, die Verantwortlichen vertreten oder deren Team leiten.",
		WhyDigest:   "Sie erhalten dies einmal in der Woche, weil Sie hier ein Konto haben.",
		Choose:      "Wählen Sie, worüber Sie benachrichtigt werden, oder tragen Sie eine Abwesenheit ein: %s",
		Stop:        "Keine Mails dieser Art mehr: %s",
	}
}
