/* SPDX-License-Identifier: MIT
 * review: a helpdesk that is another one, whose plugin MENTIOND_TEST_DESK names.  Its doctor() does what the lines of the file
 * MENTIOND_TEST_ASKS say, and writes a line of JSON for each into the file with .out behind its name:
 *
 *     review TICKET ARTICLE
 *     close TICKET
 *     file AFTER QUEUE WORD...    a new ticket that goes on from AFTER, or, if that is "-", from none */
#include <mentiond/helpdesk.h>
#include <mentiond/json.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static struct mentiond_helpdesk desk;
static const struct mentiond_helpdesk *real;

static struct json_object *attachments_of(struct mentiond_op *op, const struct mentiond_attachment *list, uint32_t n)
{
        struct json_object *all = mentiond_json(op, "[]");

        for (uint32_t i = 0; i < n; i++) {
                struct json_object *one = mentiond_json(op, "{'name': %s, 'type': %s, 'size': %lld, 'data': %s}", list[i].name,
                        list[i].type, (long long) list[i].size,
                        list[i].data ? mentiond_base64_encode(op, list[i].data, list[i].size) : NULL);

                (void) json_object_array_add(all, json_object_get(one));
        }
        return all;
}

static struct json_object *strings_of(struct mentiond_op *op, const char *const *list, uint32_t n)
{
        struct json_object *all = mentiond_json(op, "[]");

        for (uint32_t i = 0; i < n; i++)
                (void) json_object_array_add(all, json_object_new_string(list[i]));
        return all;
}

static int review(struct mentiond_op *op, void *state, const char *ticket, const char *article, struct json_object **ret)
{
        struct mentiond_review found = { .struct_size = sizeof(found) };
        int r = real->review(op, state, ticket, article, &found);

        *ret = mentiond_json(op, "{'standing': %d, 'closed': %d, 'html': %s, 'text': %s, 'attachments': %p, "
                             "'internal_attachments': %p, 'internal': %p, 'customer': %p}", found.standing, found.closed,
                             found.html, found.text, attachments_of(op, found.attachments, found.n_attachments),
                             attachments_of(op, found.internal_attachments, found.n_internal_attachments),
                             strings_of(op, found.internal, found.n_internal), strings_of(op, found.customer, found.n_customer));
        return r;
}

static int file(struct mentiond_op *op, void *state, const char *after, const char *queue, const char *word,
                struct json_object **ret)
{
        struct mentiond_filed filed = { .struct_size = sizeof(filed) };
        const struct mentiond_filing filing = {
                .struct_size = sizeof(filing), .key = mentiond_format(op, "test:%s", word),
                .thread_key = mentiond_format(op, "test:%s", word),
                .ticket = "", .queue = queue, .title = word, .text = word, .customer = "mastodon:@test@example", .author = "Test",
                .network = "mastodon", .url = "", .after = *after == '-' ? "" : after,
        };
        int r = real->file(op, state, &filing, &filed);

        *ret = mentiond_json(op, "{'ticket': %s, 'number': %s}", filed.ticket, filed.number);
        return r;
}

static void answer(struct mentiond_op *op, void *state, char *line, FILE *out)
{
        struct json_object *o = mentiond_json_object(op);
        char *save, *word[4] = { strtok_r(line, " \n", &save) };
        int r = MENTIOND_BUG;

        for (size_t i = 1; i < 4; i++)
                word[i] = word[i - 1] ? strtok_r(NULL, " \n", &save) : NULL;
        if (!word[1])
                return;
        if (strcmp(word[0], "review") == 0 && word[2])
                r = review(op, state, word[1], word[2], &o);
        else if (strcmp(word[0], "close") == 0)
                r = real->close(op, state, word[1]);
        else if (strcmp(word[0], "file") == 0 && word[3])
                r = file(op, state, word[1], word[2], word[3], &o);
        mj_put_int(o, "verdict", r);
        mj_put_str(o, "reason", mentiond_reason(op));
        fprintf(out, "%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
}

static int doctor(struct mentiond_op *op, void *state)
{
        const char *asks = getenv("MENTIOND_TEST_ASKS");
        FILE *in = asks ? fopen(asks, "re") : NULL, *out = in ? fopen(mentiond_format(op, "%s.out", asks), "we") : NULL;
        char *line = NULL;
        size_t size = 0;

        while (out && getline(&line, &size, in) > 0)
                answer(op, state, line, out);
        free(line);
        if (in)
                fclose(in);
        if (!out || fclose(out) != 0)
                return mentiond_fail(op, MENTIOND_BUG, "cannot read or write what MENTIOND_TEST_ASKS names");
        mentiond_report(op, MENTIOND_FINE, "asked", "all was asked");
        return MENTIOND_OK;
}

MENTIOND_EXPORT const struct mentiond_plugin *mentiond_plugin_init(void);
const struct mentiond_plugin *mentiond_plugin_init(void)
{
        const char *path = getenv("MENTIOND_TEST_DESK");
        void *handle = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
        mentiond_plugin_init_fn *init = NULL;

        if (handle)
                *(void **) &init = dlsym(handle, "mentiond_plugin_init");
        if (!init)
                return NULL;
        real = (const struct mentiond_helpdesk *) (const void *) init();
        desk = *real;
        desk.head.name = "review";
        desk.doctor = doctor;
        return &desk.head;
}
