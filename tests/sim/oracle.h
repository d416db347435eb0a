/* SPDX-License-Identifier: MIT
 * What the parts of the oracle share. */
#ifndef ORACLE_H
#define ORACLE_H

#include "desk.h"

/* A rule is broken; word: what the lines of the trace hold that matter. */
void broken(struct verdict *v, enum category c, const char *word, const char *format, ...) _printf_(4, 5);
void add_word(struct verdict *v, const char *word);
char *word_of(const char *format, int number);

const struct row *row_of(const char *kind, const char *source, const char *native_id);
bool is_aside(const struct row *r);                  /* held or dead */

/* The customer's article that shows a post, or -1; how many live ones there are, and how many there ever were. */
int article_of(int status, int *ret_live, int *ret_all);

/* So the one that shows it at the head of a branch that was split off */
int branch_of(int status);

/* Whether the second ticket was made because the first was closed for long, and says so. */
bool goes_on(int first, int second);

/* What the agent was told of his article; and by which article: -1 if there is none. */
bool has_note(int article, const char *what);
int note_about(int article, const char *what);
/* It was held, as nobody knew of a part whether it was out, and then an agent had what was removed. */
bool is_half_removed(int note);
/* How often it was posted: its first parts, of which *ret_last is the last. */
int posts_of(int group, int *ret_last);
bool is_sent_again(int note);
/* The first command of this kind that was written in the ticket of this note, later than it; or -1. */
int command_after(int note, enum command_name name);

/* --- reasons.c --- */

/* Whether a mention of this ticket was confirmed to the daemon by then. */
bool was_confirmed(int ticket, int64_t when);
/* Whether a post of its conversation was deleted, or what was above one. */
bool is_tree_broken(int ticket);
/* How many notes have its words: it and those that were written again. */
int notes_like(const struct agent_note *n);
/* Whether there is a cause to hold or refuse it so. */
bool is_justified(const struct agent_note *n, const char *reason);

void judge_mentions(struct verdict *v);
void judge_commands(struct verdict *v);
void judge_parts(struct verdict *v, int note, int first);
void judge_changes(struct verdict *v);
void judge_replies(struct verdict *v);
void judge_rights(struct verdict *v);
/* Whether a reply in this ticket may be held for that reason. */
bool is_barred(int ticket, const char *reason);

#endif
