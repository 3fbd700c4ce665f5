package store

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// rowTypes are all types that are rows of a table.
func rowTypes() []schema.Tabler {
	return []schema.Tabler{aliasRow{}, answerRow{}, changeRow{}, checkRow{}, checkpointRow{}, conflictRow{}, deliveryRow{}, evidenceRow{}, formerKeyRow{}, idempotencyRow{}, identityRow{}, incidentRow{}, leafRow{}, limitsRow{}, linkRow{}, linkStateRow{}, logRow{}, measureRow{}, membershipRow{}, noticeRow{}, noticeSettingsRow{}, observationRow{}, passwordRow{}, personRow{}, policyRow{}, probeRow{}, reviewAnswerRow{}, reviewMessageRow{}, reviewRow{}, reviewVersionRow{}, roundRow{}, serviceRow{}, sessionRow{}, setupRow{}, snoozeRow{}, teamRow{}, termRow{}, tokenRow{}, trackerRow{}, trackerStatusRow{}, viewRow{}, witnessRow{}, workRow{}}
}

// A row type that is missing above would escape the test below.
func TestRowTypesAreComplete(t *testing.T) {
	var want, got []string
	files := must[[]os.DirEntry](t)(os.ReadDir("."))
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file := must[*ast.File](t)(parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0))
		for _, d := range file.Decls {
			if method, ok := d.(*ast.FuncDecl); ok && method.Name.Name == "TableName" {
				want = append(want, "store."+method.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	for _, row := range rowTypes() {
		got = append(got, fmt.Sprintf("%T", row))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("row types (-declared +tested):\n%s", diff)
	}
}

// Every field of a row has its column, and every column its field.
func TestRowsMatchTheSchema(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		known := map[string][]column{}
		for _, c := range columnsOf(t, db) {
			known[c.Table] = append(known[c.Table], c)
		}
		for _, row := range rowTypes() {
			stmt := &gorm.Statement{DB: db.reads}
			if err := stmt.Parse(row); err != nil {
				t.Fatal(err)
			}
			var want, got, keys, primary []string
			for _, f := range stmt.Schema.Fields {
				want = append(want, f.DBName)
				if f.PrimaryKey {
					keys = append(keys, f.DBName)
				}
				if f.AutoCreateTime != 0 || f.AutoUpdateTime != 0 {
					t.Errorf("%T.%s: GORM would set the time itself", row, f.Name)
				}
			}
			for _, c := range known[row.TableName()] {
				got = append(got, c.Name)
				if c.Primary {
					primary = append(primary, c.Name)
				}
			}
			for _, names := range [][]string{want, got, keys, primary} {
				slices.Sort(names)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%T (-fields +columns):\n%s", row, diff)
			}
			if diff := cmp.Diff(keys, primary); diff != "" {
				t.Errorf("%T (-primary fields +primary columns):\n%s", row, diff)
			}
			delete(known, row.TableName())
		}
		delete(known, "sequences") // written by statements alone
		for table := range known {
			t.Errorf("the table %s has no row type", table)
		}
	})
}

// column is a column as both engines can tell it.
type column struct {
	Table, Name, Type string
	Required, Primary bool
}

// The search indexes (*_text) are each engine's own: TestSearch compares what
// they find.
func columnsOf(t testing.TB, db *DB) []column {
	t.Helper()
	query := "SELECT m.name AS \"table\", c.name, c.type, c.\"notnull\" AS required, c.pk > 0 AS \"primary\" FROM sqlite_master AS m, pragma_table_info(m.name) AS c " +
		"WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '%\\_text%' ESCAPE '\\' AND m.name <> 'schema_versions' ORDER BY 1, 2"
	if db.onPostgres() {
		query = "SELECT c.table_name AS \"table\", c.column_name AS name, c.data_type AS type, c.is_nullable = 'NO' AS required, EXISTS (" +
			"SELECT 1 FROM information_schema.table_constraints AS k JOIN information_schema.key_column_usage AS u USING (constraint_schema, constraint_name) " +
			"WHERE k.constraint_type = 'PRIMARY KEY' AND u.table_name = c.table_name AND u.column_name = c.column_name) AS \"primary\" " +
			"FROM information_schema.columns AS c WHERE c.table_schema = current_schema() AND c.table_name NOT LIKE '%\\_text' AND c.table_name <> 'schema_versions' ORDER BY 1, 2"
	}
	var columns []column
	if err := db.reads.Raw(query).Scan(&columns).Error; err != nil {
		t.Fatal(err)
	}
	types := map[string]string{"integer": "BIGINT", "bigint": "BIGINT", "bytea": "BLOB", "boolean": "BOOLEAN", "text": "TEXT", "double precision": "DOUBLE PRECISION"}
	for n, c := range columns {
		if name, ok := types[strings.ToLower(c.Type)]; ok {
			columns[n].Type = name
		}
	}
	return columns
}

// indexesOf are the written-down indexes in one spelling. What a PRIMARY KEY
// or UNIQUE column makes of its own is compared with the columns and below.
func indexesOf(t testing.TB, db *DB) []string {
	t.Helper()
	query := "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
	if db.onPostgres() {
		query = "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename NOT LIKE '%\\_text' AND tablename <> 'schema_versions' " +
			"AND indexname NOT IN (SELECT conname FROM pg_constraint)"
	}
	var indexes []string
	if err := db.reads.Raw(query).Scan(&indexes).Error; err != nil {
		t.Fatal(err)
	}
	noise := strings.NewReplacer(" USING btree", "", "public.", "", "::text", "", "(", " ", ")", " ", "\"", "")
	blanks := regexp.MustCompile(`\s+`)
	for n, index := range indexes {
		indexes[n] = strings.TrimSpace(blanks.ReplaceAllString(strings.ReplaceAll(noise.Replace(index), " ,", ","), " "))
	}
	slices.Sort(indexes)
	return indexes
}

// referencesOf are the foreign keys, and uniqueOf the columns that are unique
// by their declaration.
func referencesOf(t testing.TB, db *DB) []string {
	t.Helper()
	query := "SELECT m.name || '.' || f.\"from\" || ' -> ' || f.\"table\" || '.' || f.\"to\" FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' " +
		"UNION ALL SELECT 'unique ' || m.name || '.' || c.name FROM sqlite_master AS m, pragma_index_list(m.name) AS i, pragma_index_info(i.name) AS c WHERE m.type = 'table' AND i.origin = 'u'"
	if db.onPostgres() {
		query = "SELECT CASE WHEN k.contype = 'f' THEN k.conrelid::regclass || '.' || a.attname || ' -> ' || k.confrelid::regclass || '.' || b.attname " +
			"ELSE 'unique ' || k.conrelid::regclass || '.' || a.attname END FROM pg_constraint AS k JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] " +
			"LEFT JOIN pg_attribute AS b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1] WHERE k.contype IN ('f', 'u') AND k.connamespace = current_schema()::regnamespace AND k.conrelid::regclass::text NOT LIKE '%\\_text'"
	}
	var references []string
	if err := db.reads.Raw(query).Scan(&references).Error; err != nil {
		t.Fatal(err)
	}
	slices.Sort(references)
	return references
}

// Both engines have the same schema.
func TestSchemasAreEqual(t *testing.T) {
	lite, pg := openSQLiteForTest(t), openPostgresForTest(t)
	if c, i, r := len(columnsOf(t, lite)), len(indexesOf(t, lite)), len(referencesOf(t, lite)); c < 200 || i < 20 || r < 20 {
		t.Fatalf("only %d columns, %d indexes and %d references were found", c, i, r)
	}
	if diff := cmp.Diff(columnsOf(t, lite), columnsOf(t, pg)); diff != "" {
		t.Errorf("columns (-sqlite +postgres):\n%s", diff)
	}
	if diff := cmp.Diff(indexesOf(t, lite), indexesOf(t, pg)); diff != "" {
		t.Errorf("indexes (-sqlite +postgres):\n%s", diff)
	}
	if diff := cmp.Diff(referencesOf(t, lite), referencesOf(t, pg)); diff != "" {
		t.Errorf("references (-sqlite +postgres):\n%s", diff)
	}
}

// The history is append-only, whoever writes.
func TestHistoryCannotBeChanged(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addMeasure(t, db, nil)
		for _, statement := range []string{"UPDATE history SET reason = 'x'", "DELETE FROM history"} {
			if _, err := db.sql.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", statement, err)
			}
		}
		if n := count(t, db, "SELECT count(*) FROM history WHERE length(salt) >= 32 AND app = 'test'"); n != 1 {
			t.Errorf("%d rows with salt and version", n)
		}
	})
}
