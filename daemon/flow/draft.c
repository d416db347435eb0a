/* SPDX-License-Identifier: MIT
 *
 * Drafts: what an agent wrote, made fit for the network, cut into posts, and looked at before it goes.  Owns nothing; all it
 * makes is the arena's.  Called by posting and obey.
 */
#include "flow/draft.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/command.h"
#include "base/text.h"
#include "flow/compose.h"
#include "flow/guard.h"
#include "flow/parts.h"
#include "flow/preview.h"
#include "host/payload.h"

#include <strings.h>

#define SAID_MAX 50                      /* of the customer's own posts that are looked at */
#define HANDLES_MAX 64                   /* of the conversation, that a reply may name */
#define ALTS_MAX 16
#define FINDINGS_MAX 5                   /* that the agent is told of */
#define REPEATS_TOLD 2                   /* from so many others on it looks like a template */

/* --- What it says --- */

/* Lines that describe the files: "alt: A bent key". */
static void take_alts(struct draft *d, const char *text)
{
        _cleanup_buffer_ struct buffer rest = BUFFER_INIT(strlen(text) + 1);
        const char **alts = arena_alloc(d->a, ALTS_MAX * sizeof *alts);

        for (const char *line = text; *line; ) {
                size_t n = strcspn(line, "\n");

                if (n > 4 && strncasecmp(line, "alt:", 4) == 0 && d->n_alts < ALTS_MAX) {
                        const char *value = line + 4 + strspn(line + 4, " \t");

                        alts[d->n_alts++] = arena_printf(d->a, "%.*s", (int) (line + n - value), value);
                } else {
                        (void) buffer_printf(&rest, "%.*s\n", (int) n, line);
                }
                line += n + (line[n] == '\n');
        }
        d->alts = alts;
        d->text = d->n_alts ? arena_strdup(d->a, buffer_str(&rest)) : text;
}

static uint64_t length_max(const struct instance *i)
{
        int64_t max = i->caps.length_max;

        return (uint64_t) (i->options.length_max && (!max || i->options.length_max < max) ? i->options.length_max : max);
}

/* What a text must begin with; "" where the network names whom it answers. */
static const char *handle_of(const struct draft *d)
{
        return d->f->instance->caps.flags & MENTIOND_TELLS_AUTHOR ? "" : d->mention.kept.handle;
}

static enum text_unit unit_of(const struct instance *i)
{
        return i->caps.length_unit ? i->caps.length_unit : TEXT_GRAPHEMES;
}

static void cut(struct draft *d)
{
        const struct instance *i = d->f->instance;

        d->rules = (struct parts_rules) {
                .unit = unit_of(i),
                .max = length_max(i),
                .bytes_max = (uint64_t) MAX(i->caps.bytes_max, INT64_C(0)),
                .url_length = (uint64_t) MAX(i->caps.url_length, INT64_C(0)),
                .handle_is_local = i->caps.handle_is_local,
                .overhead = text_length(d->mention.kept.warning, unit_of(i)),
                .handle = handle_of(d),
                .numbered = i->options.numbered,
                .parts_max = (uint64_t) i->options.parts_max,
        };
        d->n = parts_split(d->a, d->plain.text, &d->rules, &d->posts, &d->reason);
}

/* Files alone. */
static void say_nothing(struct draft *d)
{
        const char **one = arena_alloc(d->a, sizeof *one);

        *one = compose_reply(d->a, "", handle_of(d));
        d->posts = one;
        d->n = 1;
}

int64_t draft_mention(struct store *s, struct arena *a, const struct store_row *reply, bool *ret_open)
{
        struct store_part first;

        *ret_open = false;
        if (store_part(s, a, reply->id, 0, &first) > 0)
                return store_row_of(s, reply->target, first.parent);
        return store_last_mention(s, reply->id, reply->kept.visibility == MENTIOND_PUBLIC ? MENTIOND_FOLLOWERS : MENTIOND_DIRECT,
                                  ret_open);
}

/* Of an unknown one the narrowest is true. */
static int64_t visibility_of(const struct store_row *mention)
{
        int64_t visibility = mention->kept.visibility;

        return visibility < MENTIOND_PUBLIC || visibility > MENTIOND_DIRECT ? MENTIOND_DIRECT : visibility;
}

bool draft_is_aside(const struct store_row *reply, const struct store_row *mention)
{
        return reply->kept.visibility == MENTIOND_DIRECT && visibility_of(mention) != MENTIOND_DIRECT;
}

void draft_make(struct draft *d, struct flow_instance *f, struct arena *a, const struct store_row *row,
                const struct store_row *mention, struct json_object *payload)
{
        int64_t theirs = visibility_of(mention), mine = row->kept.visibility;
        struct plain_context context = { .handles = NULL };
        const char **handles = arena_alloc(a, (HANDLES_MAX + 1) * sizeof *handles);

        *d = (struct draft) { .f = f, .a = a, .row = row, .mention = *mention, .payload = payload };
        d->aside = draft_is_aside(row, mention);
        /* Never wider than what it answers, and never into the public timelines. */
        d->visibility = (uint32_t) MAX(MAX(theirs, mine), (int64_t) MENTIOND_UNLISTED);
        take_alts(d, mj_str(payload, "text"));
        handles[store_handles(f->instance->host->store, a, row->thread, handles, HANDLES_MAX)] = NULL;
        context.handles = handles;
        d->plain = plain_of(a, d->text, &context);
        if (*d->plain.text)
                cut(d);
        else if (mj_int(payload, "attachments", 0))
                say_nothing(d);
        else
                d->reason = "it has no text";
}

/* --- Files --- */

static const char *alt_of(struct draft *d, const char *name, size_t n)
{
        const char *dot = strrchr(name, '.');
        char *alt;

        if (n < d->n_alts)
                return d->alts[n];
        alt = arena_printf(d->a, "%.*s", (int) (dot && dot > name ? dot - name : (long) strlen(name)), name);
        for (char *c = alt; *c; c++)
                if (*c == '_' || *c == '-')
                        *c = ' ';
        return alt;
}

static bool is_allowed_type(const char *types, const char *type)
{
        size_t size = strcspn(type, "; ");

        if (isempty(types))
                return true;
        for (const char *t = types; *t; t += strspn(t, " ")) {
                size_t n = strcspn(t, " ");

                if (n == size && strncasecmp(t, type, n) == 0)
                        return true;
                t += n;
        }
        return false;
}

const char *draft_add_files(struct draft *d, const struct mentiond_attachment *files, uint32_t n)
{
        const struct mentiond_caps *caps = &d->f->instance->caps;

        if (n > caps->uploads_max)
                return caps->uploads_max
                               ? arena_printf(d->a, "the note has %u attachments, and a post of this network can have %u", n,
                                              caps->uploads_max)
                               : "the note has an attachment, and files cannot be posted here";
        d->uploads = arena_alloc(d->a, (n + 1) * sizeof *d->uploads);
        for (uint32_t k = 0; k < n; k++) {
                const char *alt = alt_of(d, files[k].name, k);

                if (!is_allowed_type(caps->upload_types, files[k].type))
                        return arena_printf(d->a, "the attachment %s is of type %s, which this network does not take",
                                            files[k].name, files[k].type);
                if (!files[k].data)
                        return arena_printf(d->a, "the attachment %s could not be had from the helpdesk, or is too large",
                                            files[k].name);
                if (caps->upload_size_max && files[k].size > caps->upload_size_max)
                        return arena_printf(d->a, "the attachment %s has %llu bytes, and %llu are allowed", files[k].name,
                                            (unsigned long long) files[k].size, (unsigned long long) caps->upload_size_max);
                if (caps->description_max && text_length(alt, TEXT_CODE_POINTS) > caps->description_max)
                        return arena_printf(d->a,
                                            "the description of the attachment %s is longer than the %u characters that are "
                                            "allowed",
                                            files[k].name, caps->description_max);
                d->uploads[d->n_uploads++] = (struct mentiond_upload) {
                        .struct_size = sizeof d->uploads[0], .name = files[k].name, .type = files[k].type, .description = alt,
                        .data = files[k].data, .size = files[k].size,
                };
        }
        return NULL;
}

/* --- Whether it may --- */

static size_t said(struct draft *d, const char ***ret)
{
        const char **payloads;
        size_t n = store_said(d->f->instance->host->store, d->a, d->row->thread, MENTIOND_DIRECT, &payloads, SAID_MAX);

        for (size_t k = 0; k < n; k++)
                payloads[k] = mj_str(payload_parse(d->a, payloads[k]), "text");
        *ret = payloads;
        return n;
}

static const struct guard_file *files_of(struct draft *d, const struct mentiond_attachment *from, uint32_t n)
{
        struct guard_file *files = arena_alloc(d->a, (n + 1) * sizeof *files);

        for (uint32_t k = 0; k < n; k++)
                files[k] = (struct guard_file) { from[k].name, from[k].size };
        return files;
}

/* Internal notes that order what is said in public are no secrets. */
static const char *const *secrets(struct draft *d, const struct mentiond_review *review, size_t *ret_n)
{
        const char **texts = arena_alloc(d->a, (review->n_internal + 1) * sizeof *texts);

        *ret_n = 0;
        for (uint32_t k = 0; k < review->n_internal; k++) {
                enum command_name name = command_parse(review->internal[k]).name;

                if (name != COMMAND_PUBLIC && name != COMMAND_CLOSE && name != COMMAND_EDIT)
                        texts[(*ret_n)++] = review->internal[k];
        }
        return texts;
}

static const char *guarded(struct draft *d, const struct mentiond_review *review)
{
        struct guard_context c = { .patterns = d->f->instance->guard };
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(8192);
        struct guard_finding *found;
        const char **theirs;
        size_t n;

        c.n_said = said(d, &theirs);
        c.said = theirs;
        if (review) {
                c.customer = review->customer;
                c.n_customer = review->n_customer;
                c.internal = secrets(d, review, &c.n_internal);
                c.files = files_of(d, review->attachments, review->n_attachments);
                c.n_files = review->n_attachments;
                c.internal_files = files_of(d, review->internal_attachments, review->n_internal_attachments);
                c.n_internal_files = review->n_internal_attachments;
        }
        n = guard_check(d->a, d->plain.text, &c, &found);
        for (size_t k = 0; k < n && k < FINDINGS_MAX; k++)
                (void) buffer_printf(&b, "%s%s (%s)", k ? ", " : "it holds ", found[k].what, found[k].words);
        if (n > FINDINGS_MAX)
                (void) buffer_printf(&b, ", and %zu more", n - FINDINGS_MAX);
        return n ? arena_printf(d->a, "%s, and would be seen by all", buffer_str(&b)) : NULL;
}

const char *draft_objection(struct draft *d, const struct mentiond_review *review)
{
        const struct instance *i = d->f->instance;
        struct command c = command_parse(d->text);

        if (!d->n)
                return d->reason;
        if (d->visibility == MENTIOND_DIRECT && d->mention.kept.visibility != MENTIOND_DIRECT
            && !(i->caps.flags & MENTIOND_CAN_DIRECT))
                return "nothing can be said in private here. \"!public\" would say it in public";
        if (d->row->approved)
                return NULL;
        if (c.name != COMMAND_NONE && !*mj_str(d->payload, "command"))
                return arena_printf(d->a,
                                    "it begins with \"!%s\" as a command does, and those are for internal notes. Is it meant for "
                                    "the customer?",
                                    c.word);
        return d->visibility == MENTIOND_DIRECT ? NULL : guarded(d, review);
}

/* --- What is said again and again --- */

#define LATELY_USEC USEC_PER_DAY

unsigned draft_repeats(const struct draft *d)
{
        const struct flow_instance *f = d->f;
        int64_t threads[FLOW_SAID_MAX];
        struct guard_print print;
        unsigned n = 0;

        guard_print_of(d->plain.text, &print);
        for (size_t k = 0; f->said && k < FLOW_SAID_MAX; k++) {
                struct flow_said *said = &f->said[k];
                bool counted = said->thread == d->row->thread;

                if (!said->mono_usec || mono_usec() - said->mono_usec > LATELY_USEC)
                        continue;
                if (said->text) {
                        guard_print_of(said->text, &said->print);
                        free(TAKE_PTR(said->text));
                }
                for (unsigned i = 0; i < n && !counted; i++)
                        counted = threads[i] == said->thread;
                if (!counted && guard_similarity(&said->print, &print) >= GUARD_SIMILAR)
                        threads[n++] = said->thread;
        }
        return n;
}

void draft_remember(const struct draft *d)
{
        struct flow_instance *f = d->f;
        struct flow_said *said;

        if (d->visibility == MENTIOND_DIRECT)
                return;
        if (!f->said)
                f->said = xcalloc(FLOW_SAID_MAX, sizeof *f->said);
        said = &f->said[f->n_said++ % FLOW_SAID_MAX];
        free(said->text);
        *said = (struct flow_said) { .mono_usec = mono_usec(), .thread = d->row->thread, .text = xstrdup(d->plain.text) };
}

/* --- What the agent is shown --- */

const char *draft_preview(struct draft *d, int64_t hold_usec)
{
        const struct instance *i = d->f->instance;
        struct preview p = {
                .plain = &d->plain,
                .parts = d->posts,
                .n_parts = d->n,
                .max = length_max(i),
                .unit = unit_of(i),
                .hold_usec = hold_usec,
        };
        unsigned repeats = d->n && d->visibility != MENTIOND_DIRECT ? draft_repeats(d) : 0;
        const char *again = "";
        uint64_t *lengths;

        if (repeats >= REPEATS_TOLD)
                again = arena_printf(d->a,
                                     "Nearly the same was said in public to %u others within a day: who reads along sees "
                                     "that.\n\n",
                                     repeats);
        if (!d->n || (d->n == 1 && !d->plain.n_changes && !*again))
                return NULL;
        lengths = arena_alloc(d->a, d->n * sizeof *lengths);
        for (size_t k = 0; k < d->n; k++)
                lengths[k] = parts_length(&d->rules, d->posts[k]);
        p.lengths = lengths;
        return arena_printf(d->a, "%s%s", again, preview_text(d->a, &p));
}
