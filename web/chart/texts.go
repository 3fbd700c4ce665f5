package chart

// Texts are all words of the pictures in one language. A %d or %s stands for a
// number, in the order of the English text.
type Texts struct {
	// General.
	DecimalMark, DayUnit, WorkingDays, WeeksCount, PerYear, NoLowerEnd, NoUpperEnd, NotReached, TooFew, Of, To, EventsOf, NoneInDays, SomeInDays, None, SmallTeams, All, Now, AsTable, Interval, Cases, Day, Time, Share, Target, Objective, Group, Priority, Measure, Title, State, Service, Incidents, ExposureDays, AtRisk string
	// States of a measure.
	StateOpen, StateDone, StateVerified, StateCancelled, StateUnknown, OverdueDays, Open, Done, Cancelled, StillOpen, Created, Closed, Ended string
	// Plan.
	PlanTitle, PlanDesc, NoPlan, PlanDropped, RollDone, RollVerified, RollOverdue, RollPastPromise, RollCancelled, RollWithoutDate, RollUnknown, OriginalDate, CurrentDate, DaysPastOriginal string
	// Overdue.
	OverdueTitle, OverdueDesc, OverdueLead, OverdueUnknown, NothingOpen, Overdue, PastPromise, Burden, OfOpen, BucketDays, BucketOver, LastWeeks, LateWeeksTitle, LateWeeksDesc, LateWeeksLead string
	// On time.
	OnTimeTitle, OnTimeDesc, OnTimeLead, OnTimePending, OnTimeWithout, ByOriginal, ByCurrent, Masked, Moved, WithoutDate, SLATitle, SLADesc, WithinTargetCreated, WithinTargetResolved, Attained, WorstCase, Trend, NotJudged string
	// Completion.
	CompletionTitle, CompletionDesc, DotsDesc, CompletionLead, CompletionFew, UnknownNote, DaysSinceCreated string
	// Ageing and flow.
	AgeingTitle, AgeingDesc, AgeingLead, AgeingRow, P50Closed, P85Closed, OlderThanP85, OldestOpen, AgeInDays, FlowTitle, FlowDesc, ForecastNote, ForecastLead, ForecastNever, ForecastFew, ForecastTooLarge, NeverClears, Week, WeekBeginning, Arrivals, Departures, OpenAtEnd string
	// Funnel.
	FunnelTitle, FunnelDesc, FunnelNote, FunnelLead, FunnelLines, NoCases, OnTimeShare, Limits95, Limits998, MeanOpen, Difference, MeasuresWithDeadline string
	// Recurrence.
	RecurrenceTitle, RecurrenceDesc, RecurrenceLead, EndlessNote, UndatedNote, Recurred, DaysSinceResolved, StatesTitle, StatesDesc, StatesNote, StatesLead, RatioOverdueDone, PlanState, PlanNone, PlanAllDropped, PlanAllDone, PlanSomeOpen, PlanSomeOverdue, Recurrences, Rate, RecurrencesPerYear, BeforeAfterTitle, BeforeAfterDesc, BeforeAfterLead, AssociationNote, RatioWord, RatioLead, RatioAxis, Before, After, NoChange string
	// Services.
	MeanTitle, MeanDesc, TrendLead, TrendFew, ServicesAtRisk, MeanIncidents, DaysInWindow, ServicesTitle, ServicesDesc, ServicesLead, ServiceStart, StartCatalogued, StartAssumed, IncidentsCount, IncidentMark, PlanCompleted, PlansCompleted, Beta string
	// Success metric.
	RunTitle, RunDesc, NoReadings, EffectAttained, EffectMissed, EffectOpen, EffectNotDone, EffectSustained, EffectPassing, EffectShift, SeriesNote, Reading, Phase, PhaseBefore, PhaseBetween, PhaseAfter, Signal, OutsideLimits, Limit, BaselineMean string
	// Communication.
	LanesTitle, LanesDesc, LanesLead, LanesMore, LanesGap, LanesChannel, LanesFirst, LanesLast, LanesMessages, LanesFacts, LanesMessage, LanesDiverging, LanesSilence, LanesFact string
	// Data quality.
	QualityTitle, QualityDesc, QualityLead, Check, OfCases, MarksFigures string
	// Crisis check.
	ReadinessTitle, ReadinessDesc, Area, Counted, Claimed, ClaimedOnly, LastCheck, Held, Gaps string
	// Checks are the names of the data quality checks.
	Checks map[string]string
}
