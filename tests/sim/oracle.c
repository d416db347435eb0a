/* SPDX-License-Identifier: MIT
 *
 * The oracle: what must be true once nothing fails any more, by the servers' own records.  The journal is asked for one
 * thing only, what it holds for a person and why, and each such reason must have a cause in the servers' records.
 *
 * What the design allows, and so do we: a mention that was shown at the first poll is old; one that was taken back
 * before it was stored is nobody's; of a ticket that an agent deleted nothing is asked; a reply whose fate the network
 * does not tell is held; a thread whose posts were deleted, or could not be read five times, may become two tickets.
 */
#include "oracle.h"

static int rude, spins;
static char *rude_what, *spin_what, *leak_what;

void oracle_rude(const char *what)
{
        rude++;
        strset(&rude_what, what);
        note("!!! %s", what);
}

void oracle_spin(const char *what)
{
        spins++;
        strset(&spin_what, what);
        note("!!! %s", what);
        sim.gave_up = true;
}

void oracle_leak(char *what)
{
        note("!!! %s", what);
        free(leak_what);
        leak_what = what;
}

void add_word(struct verdict *v, const char *word)
{
        for (int i = 0; i < v->n_words; i++)
                if (streq(v->words[i], word))
                        return;
        if (v->n_words < (int) ELEMENTSOF(v->words))
                v->words[v->n_words++] = word;
}

void broken(struct verdict *v, enum category c, const char *word, const char *format, ...)
{
        static const char *const names[] = { "lost", "doubled", "leaked", "stuck", "wrong" };
        char *before = v->text, *what;
        va_list ap;

        va_start(ap, format);
        what = xvasprintf(format, ap);
        va_end(ap);
        v->counts[c]++;
        v->text = xasprintf("%s  %s: %s\n", strempty(before), names[c], what);
        add_word(v, word);
        free(before);
        free(what);
}

const struct row *row_of(const char *kind, const char *source, const char *native_id)
{
        for (int i = 0; i < n_rows; i++)
                if (streq(rows[i].kind, kind) && streq(rows[i].source, source) && streq(rows[i].native_id, native_id))
                        return &rows[i];
        return NULL;
}

bool is_aside(const struct row *r)
{
        return r && (streq(r->state, "held") || streq(r->state, "dead"));
}

char *word_of(const char *format, int number)
{
        char *word = NULL;

        return asprintf(&word, format, number) < 0 ? NULL : word;
}

static void judge_rest(struct verdict *v)
{
        int64_t size = disk_size(""), log = disk_size("-wal"), items = social.n_statuses + desks.n_articles;

        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].by_api && people_note_in(social.statuses[i].text) < 0)
                        broken(v, LEAKED, social.statuses[i].id, "%s was posted, which nobody wrote", social.statuses[i].id);
        for (int i = 0; i < n_rows; i++)
                if (streq(rows[i].kind, "command")) {
                        broken(v, STUCK, rows[i].native_id, "command %s is still %s: %s", rows[i].native_id, rows[i].state, rows[i].reason);
                } else if (streq(rows[i].kind, "note")) {
                        if (is_aside(&rows[i]))
                                v->held++;
                        if (!is_aside(&rows[i]) || !strstr(rows[i].reason, "sent several times"))
                                broken(v, is_aside(&rows[i]) ? WRONG : STUCK, rows[i].native_id, "%s is %s: %s", rows[i].native_id,
                                       rows[i].state, rows[i].reason);
                }
        for (int i = 0; i < n_rows; i++)
                if (streq(rows[i].kind, "reply") && desks.articles[atoi(rows[i].native_id) - 1].note < 0)
                        broken(v, WRONG, rows[i].native_id, "article %s is taken for a reply, which nobody wrote", rows[i].native_id);
        if (rude)
                broken(v, WRONG, "!!!", "%s", rude_what);
        if (spins)
                broken(v, STUCK, "!!!", "%s", spin_what);
        if (leak_what)
                broken(v, WRONG, "!!!", "%s", leak_what);
        if (daemon_integrity && !streq(daemon_integrity, "ok"))
                broken(v, WRONG, "disk", "integrity_check: %s", daemon_integrity);
        if (size > 400000 + 8000 * items || log > 8 * 1024 * 1024)
                broken(v, WRONG, "disk", "the store has %lld bytes and its log %lld, for %lld items", (long long) size, (long long) log, (long long) items);
        for (int k = 0; k < social.n_networks; k++)
                if (!social.networks[k].baseline)
                        broken(v, STUCK, "***", "the first poll of %s never ended", social.networks[k].name);
}

void oracle_judge(struct verdict *v)
{
        *v = (struct verdict) { .n_words = 0 };
        judge_mentions(v);
        judge_replies(v);
        judge_commands(v);
        judge_changes(v);
        judge_rights(v);
        judge_rest(v);
}
