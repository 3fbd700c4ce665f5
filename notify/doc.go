// Package notify words letters to people and sends them: reminders and the
// weekly digest, by mail and to chats. What a letter says is decided elsewhere;
// here it gets its language and its way out.
//
// A letter is a row that exists before it is sent. Sending is at least once:
// a process that dies between the mail server's "250" and the commit leaves the
// row to another one, which sends the letter again under the same Message-ID.
package notify
