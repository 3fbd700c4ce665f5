package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

type personRow struct {
	ID        string `gorm:"primaryKey"`
	Name      string
	Email     string
	Language  string
	Role      string
	Deputy    ref
	Disabled  bool
	CreatedAt instant `gorm:"autoCreateTime:false"`
	UpdatedAt instant `gorm:"autoUpdateTime:false"`
	Version   int64
}

// TableName implements schema.Tabler.
func (personRow) TableName() string { return "people" }

func newPersonRow(p domain.Person) personRow {
	return personRow{ID: string(p.ID), Name: p.Name, Email: p.Email, Language: p.Language, Role: string(p.Role), Deputy: ref(p.Deputy),
		Disabled: p.Disabled, CreatedAt: newInstant(p.CreatedAt), UpdatedAt: newInstant(p.UpdatedAt), Version: p.Version}
}

func (r personRow) person(teams []domain.TeamID) domain.Person {
	return domain.Person{ID: domain.PersonID(r.ID), Name: r.Name, Email: r.Email, Language: r.Language, Role: domain.Role(r.Role), Teams: teams,
		Deputy: domain.PersonID(r.Deputy), Disabled: r.Disabled, CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(), Version: r.Version}
}

type membershipRow struct {
	Person string `gorm:"primaryKey"`
	Team   string `gorm:"primaryKey"`
}

// TableName implements schema.Tabler.
func (membershipRow) TableName() string { return "memberships" }

func personFields(p domain.Person) []domain.FieldChange {
	disabled := ""
	if p.Disabled {
		disabled = "true"
	}
	return []domain.FieldChange{
		{Field: "name", To: p.Name}, {Field: "email", To: p.Email}, {Field: "language", To: p.Language}, {Field: "role", To: string(p.Role)},
		{Field: "teams", To: strings.Join(texts(p.Teams), "\n")}, {Field: "deputy", To: string(p.Deputy)}, {Field: "disabled", To: disabled},
	}
}

// CreatePerson adds a person.
func (db *DB) CreatePerson(ctx context.Context, by domain.Attribution, person domain.Person) (domain.Person, error) {
	var made domain.Person
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		var err error
		if made, err = tx.insertPerson(person, by); err != nil {
			return err
		}
		return tx.remember(by, domain.SubjectPerson, string(made.ID))
	})
	if err != nil {
		return domain.Person{}, db.explainPerson(ctx, err, person)
	}
	return made, nil
}

func (tx *txn) insertPerson(p domain.Person, by domain.Attribution) (domain.Person, error) {
	p.Version = 1
	row := newPersonRow(p)
	if err := tx.Create(&row).Error; err != nil {
		return p, err
	}
	teams, err := tx.storeTeams(row.ID, p.Teams)
	if err != nil {
		return p, err
	}
	made := row.person(teams)
	return made, tx.history(domain.SubjectPerson, row.ID, by, entries(createdFields(personFields(made))))
}

// storeTeams replaces a person's memberships and returns them in order.
func (tx *txn) storeTeams(person string, teams []domain.TeamID) ([]domain.TeamID, error) {
	if err := tx.Exec("DELETE FROM memberships WHERE person = ?", person).Error; err != nil {
		return nil, err
	}
	teams = slices.Compact(slices.Sorted(slices.Values(teams)))
	for _, team := range teams {
		row := membershipRow{Person: person, Team: string(team)}
		if err := tx.Create(&row).Error; err != nil {
			return nil, err
		}
	}
	return teams, nil
}

func (db *DB) explainPerson(ctx context.Context, err error, p domain.Person) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return &domain.Error{Kind: domain.ErrConflict, Message: "a person with the id " + string(p.ID) + " or the mail address " + p.Email + " exists already", Err: err}
	}
	if !errors.Is(err, gorm.ErrForeignKeyViolated) {
		return err
	}
	references := []reference{{"deputy", "people", string(p.Deputy), "person"}}
	for _, team := range p.Teams {
		references = append(references, reference{"teams", "teams", string(team), "team"})
	}
	return db.explainReferences(ctx, err, references)
}

// Person returns one person with their teams.
func (db *DB) Person(ctx context.Context, id domain.PersonID) (domain.Person, error) {
	p, err := personWith(db.point(ctx), "id = ?", string(id))
	return p, asDomain(found(err, "person", string(id)))
}

// PersonByEmail finds a person by mail address, in any letter case.
func (db *DB) PersonByEmail(ctx context.Context, email string) (domain.Person, error) {
	p, err := personWith(db.point(ctx), "email <> '' AND lower(email) = ?", strings.ToLower(email))
	return p, asDomain(found(err, "person with the mail address", email))
}

func personWith(g *gorm.DB, where, value string) (domain.Person, error) {
	var row personRow
	if err := g.Where(where, value).Take(&row).Error; err != nil {
		return domain.Person{}, err
	}
	var teams []domain.TeamID
	if err := g.Raw("SELECT team FROM memberships WHERE person = ? ORDER BY team", row.ID).Scan(&teams).Error; err != nil {
		return domain.Person{}, err
	}
	return row.person(teams), nil
}

// People lists everybody by name.
func (db *DB) People(ctx context.Context) ([]domain.Person, error) {
	var rows []struct {
		Row  personRow `gorm:"embedded"`
		Team string
	}
	query := "SELECT p.*, COALESCE(m.team, '') AS team FROM people p LEFT JOIN memberships m ON m.person = p.id ORDER BY p.name, p.id, m.team"
	if err := db.read(ctx).Raw(query).Scan(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	var people []domain.Person
	for _, row := range rows { // the rows of one person stand together
		if n := len(people); n == 0 || people[n-1].ID != domain.PersonID(row.Row.ID) {
			people = append(people, row.Row.person(nil))
		}
		if row.Team != "" {
			p := &people[len(people)-1]
			p.Teams = append(p.Teams, domain.TeamID(row.Team))
		}
	}
	return people, nil
}

// HasPeople reports whether there is anybody.
func (db *DB) HasPeople(ctx context.Context) (bool, error) {
	var n int
	err := db.point(ctx).Raw("SELECT count(*) FROM (SELECT 1 FROM people LIMIT 1) AS any_person").Scan(&n).Error
	return n > 0, asDomain(err)
}

// UpdatePerson changes a person. Disabling one ends their sessions.
func (db *DB) UpdatePerson(ctx context.Context, by domain.Attribution, id domain.PersonID, version int64, change func(*domain.Person) error) (domain.Person, error) {
	var p domain.Person
	err := db.write(ctx, func(tx *txn) error {
		var row personRow
		if err := tx.forUpdate().Where("id = ?", string(id)).Take(&row).Error; err != nil {
			return found(err, "person", string(id))
		}
		if version != 0 && version != row.Version {
			return stale("person", string(id))
		}
		before, err := personWith(tx.DB, "id = ?", row.ID)
		if err != nil {
			return err
		}
		p = before
		p.Teams = slices.Clone(before.Teams)
		if err := change(&p); err != nil {
			return err
		}
		p.ID, p.CreatedAt, p.Version = before.ID, before.CreatedAt, row.Version+1
		after := newPersonRow(p)
		if err := tx.update(&row, &after, "id", row.ID, row.Version); err != nil {
			return err
		}
		teams, err := tx.storeTeams(row.ID, p.Teams)
		if err != nil {
			return err
		}
		if p.Disabled {
			if err := tx.Exec("DELETE FROM sessions WHERE person = ?", row.ID).Error; err != nil {
				return err
			}
		}
		p = after.person(teams)
		return tx.history(domain.SubjectPerson, row.ID, by, entries(configChanges(personFields(before), personFields(p))...))
	})
	if err != nil {
		return domain.Person{}, db.explainPerson(ctx, err, p)
	}
	return p, nil
}

type teamRow struct {
	ID        string `gorm:"primaryKey"`
	Name      string
	Lead      ref
	CreatedAt instant `gorm:"autoCreateTime:false"`
	UpdatedAt instant `gorm:"autoUpdateTime:false"`
	Version   int64
}

// TableName implements schema.Tabler.
func (teamRow) TableName() string { return "teams" }

func newTeamRow(t domain.Team) teamRow {
	return teamRow{ID: string(t.ID), Name: t.Name, Lead: ref(t.Lead), CreatedAt: newInstant(t.CreatedAt), UpdatedAt: newInstant(t.UpdatedAt), Version: t.Version}
}

func (r teamRow) team() domain.Team {
	return domain.Team{ID: domain.TeamID(r.ID), Name: r.Name, Lead: domain.PersonID(r.Lead), CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(), Version: r.Version}
}

func teamFields(t domain.Team) []domain.FieldChange {
	return []domain.FieldChange{{Field: "name", To: t.Name}, {Field: "lead", To: string(t.Lead)}}
}

// CreateTeam adds a team.
func (db *DB) CreateTeam(ctx context.Context, by domain.Attribution, team domain.Team) (domain.Team, error) {
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		team.Version = 1
		row := newTeamRow(team)
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		team = row.team()
		if err := tx.history(domain.SubjectTeam, row.ID, by, entries(createdFields(teamFields(team)))); err != nil {
			return err
		}
		return tx.remember(by, domain.SubjectTeam, row.ID)
	})
	if err != nil {
		return domain.Team{}, db.explainLead(ctx, err, team)
	}
	return team, nil
}

func (db *DB) explainLead(ctx context.Context, err error, t domain.Team) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return &domain.Error{Kind: domain.ErrConflict, Message: "a team with the id " + string(t.ID) + " exists already", Err: err}
	}
	if !errors.Is(err, gorm.ErrForeignKeyViolated) {
		return err
	}
	return db.explainReferences(ctx, err, []reference{{"lead", "people", string(t.Lead), "person"}})
}

// Team returns one team.
func (db *DB) Team(ctx context.Context, id domain.TeamID) (domain.Team, error) {
	var row teamRow
	if err := db.point(ctx).Where("id = ?", string(id)).Take(&row).Error; err != nil {
		return domain.Team{}, asDomain(found(err, "team", string(id)))
	}
	return row.team(), nil
}

// Teams lists the teams by name.
func (db *DB) Teams(ctx context.Context) ([]domain.Team, error) {
	var rows []teamRow
	if err := db.read(ctx).Order("name, id").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	teams := make([]domain.Team, len(rows))
	for n, row := range rows {
		teams[n] = row.team()
	}
	return teams, nil
}

// UpdateTeam changes a team.
func (db *DB) UpdateTeam(ctx context.Context, by domain.Attribution, id domain.TeamID, version int64, change func(*domain.Team) error) (domain.Team, error) {
	var t domain.Team
	err := db.write(ctx, func(tx *txn) error {
		var row teamRow
		if err := tx.forUpdate().Where("id = ?", string(id)).Take(&row).Error; err != nil {
			return found(err, "team", string(id))
		}
		if version != 0 && version != row.Version {
			return stale("team", string(id))
		}
		before := row.team()
		t = before
		if err := change(&t); err != nil {
			return err
		}
		t.ID, t.CreatedAt, t.Version = before.ID, before.CreatedAt, row.Version+1
		after := newTeamRow(t)
		if err := tx.update(&row, &after, "id", row.ID, row.Version); err != nil {
			return err
		}
		t = after.team()
		return tx.history(domain.SubjectTeam, row.ID, by, entries(configChanges(teamFields(before), teamFields(t))...))
	})
	if err != nil {
		return domain.Team{}, db.explainLead(ctx, err, t)
	}
	return t, nil
}
