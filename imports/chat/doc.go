// Package chat reads what people said during an incident: exports of Slack,
// Mattermost and Microsoft Teams, mails, mailboxes and pasted logs.
//
// An export comes from anywhere and is taken for hostile: archives are never
// unpacked to disk, their directory is judged before a byte of content is read,
// sizes are bounded, nothing is fetched and nothing is run. A missing time stays
// missing, and what cannot be read is named in a note.
package chat
