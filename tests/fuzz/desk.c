/* SPDX-License-Identifier: MIT
 *
 * What each plugin for helpdesks must do, whatever its server answers.
 */
#include "desk.h"

#include "host/payload.h"

#define OPERATIONS_MAX 8

char desk_operation;

static const struct desk_target *target;
static unsigned writes, written;

static void on_request(const struct http_request *q, const struct http_reply *r)
{
        MUST(startswith(q->url, target->base) && r->fate != HTTP_REFUSED);
        if (!target->on_request(q))
                return;
        MUST(!q->repeatable && ++writes <= target->writes_max);
        written += r->fate == HTTP_REPLIED && r->status / 100 == 2;
}

/* All that is told can be read, and is within its bounds. */
static int review(struct mentiond_op *op)
{
        struct mentiond_review found = { .struct_size = sizeof found };
        int r = desk->plugin->helpdesk.review(op, desk->plugin_state, "7", "41", &found);
        size_t bytes = 0, letters = 0;

        if (r != MENTIOND_OK)
                return r;
        MUST(found.standing >= MENTIOND_STANDS && found.standing <= MENTIOND_TAKEN_BACK && found.closed <= 1);
        if (found.standing == MENTIOND_TAKEN_BACK)
                MUST(!found.n_attachments && !found.n_internal && !found.n_customer);
        else
                MUST(found.html && found.text);
        MUST(found.n_attachments <= MENTIOND_REVIEW_ATTACHMENTS_MAX);
        MUST(found.n_internal_attachments <= MENTIOND_REVIEW_ATTACHMENTS_MAX);
        MUST(found.n_internal <= MENTIOND_REVIEW_INTERNAL_MAX && found.n_customer <= MENTIOND_REVIEW_CUSTOMER_MAX);
        for (uint32_t i = 0; i < found.n_attachments; i++) {
                const struct mentiond_attachment *a = &found.attachments[i];

                letters += strlen(a->name) + strlen(a->type);
                bytes += a->data ? a->size : 0;
                MUST(a->struct_size == sizeof *a && (!a->data || !((const char *) a->data)[a->size]));
        }
        for (uint32_t i = 0; i < found.n_internal_attachments; i++) {
                letters += strlen(found.internal_attachments[i].name);
                MUST(!found.internal_attachments[i].data);
        }
        for (uint32_t i = 0; i < found.n_internal; i++)
                letters += strlen(found.internal[i]);
        for (uint32_t i = 0; i < found.n_customer; i++)
                MUST(*found.customer[i]);
        MUST(bytes <= MENTIOND_REVIEW_BYTES_MAX && letters < SIZE_MAX / 2);
        return r;
}

static int call(struct mentiond_op *op, struct mentiond_filed *ret)
{
        const struct mentiond_attachment attachment = {
                .struct_size = sizeof attachment, .name = "a.png", .type = "image/png", .data = "\x89PNG", .size = 4,
        };
        const struct mentiond_filing filing = {
                .struct_size = sizeof filing, .n_attachments = 1, .key = "brand:300", .thread_key = "brand:300",
                .ticket = desk_operation == 'a' ? "7" : "", .queue = "", .title = "A title", .text = "A \xf0\x9f\x90\xb8 text",
                .customer = "mastodon:@Cat@example", .author = "Cat @ home", .network = "mastodon",
                .url = "https://social.example/300", .attachments = &attachment,
        };
        const struct mentiond_note note = {
                .struct_size = sizeof note, .kind = desk_operation == 'd' ? MENTIOND_NOTE_POSTED : MENTIOND_NOTE_FAILED,
                .key = "note:42:held", .ticket = "8", .subject = "Held", .text = "A note", .article = "42", .url = "",
                .network = "mastodon",
        };
        const struct mentiond_lookup lookup = {
                .struct_size = sizeof lookup, .key = "brand:300", .thread_key = "brand:300",
                .ticket = desk_operation == 'l' ? "7" : "", .customer = "mastodon:@cat@example", .title = "A title",
                .tried_usec = INT64_C(1795299990) * USEC_PER_SEC,
        };
        const struct mentiond_helpdesk *h = &desk->plugin->helpdesk;

        switch (desk_operation) {
        case 'c':
                return h->file(op, desk->plugin_state, &filing, ret);
        case 'a':
                return h->append(op, desk->plugin_state, &filing, ret);
        case 'n':
        case 'd':
                return h->note(op, desk->plugin_state, &note, ret);
        case 's':
                return h->start(op, desk->plugin_state);
        case 'r':
                return review(op);
        case 'x':
                return h->close(op, desk->plugin_state, "7");
        case 'p':
                return h->poll(op, desk->plugin_state);
        case 'k':
                return h->links(op, desk->plugin_state);
        default:
                return h->find(op, desk->plugin_state, &lookup, ret);
        }
}

/* Only articles of linked tickets, that the journal does not know. */
static void check_items(struct mentiond_op *op)
{
        for (size_t i = 0; i < op->n_closed; i++)
                MUST(mentiond_is_linked(op, op->closed[i].ticket) && op->closed[i].usec >= 0);
        for (size_t i = 0; i < op->n_items; i++) {
                const struct store_item *item = &op->items[i];

                MUST(streq(item->state, STATE_KNOWN) || (payload_parse(op->arena, item->payload) && fuzz_is_utf8(item->payload)));
                MUST(mentiond_is_linked(op, item->ticket) && !streq(item->native_id, "41") && !streq(item->native_id, "42"));
                for (size_t k = 0; k < i; k++)
                        MUST(!streq(item->native_id, op->items[k].native_id));
        }
}

static void run(void *data)
{
        struct mentiond_filed filed = { .struct_size = sizeof filed };
        _cleanup_op_ struct mentiond_op op;
        int verdict;

        desk_operation = *(const char *) data;
        writes = written = 0;
        op_begin(&op, desk, "fuzz", POLL_DEADLINE_USEC);
        verdict = call(&op, &filed);
        if (desk_operation == 'p')
                check_items(&op);
        if (strchr("pk", desk_operation))
                MUST(op_commit(&op, verdict == MENTIOND_OK && desk_operation == 'p', NULL) == 0);
        if (strchr("cand", desk_operation)) {
                if (verdict == MENTIOND_OK)
                        MUST(written && *filed.ticket && *filed.article);
                else if (verdict != MENTIOND_AMBIGUOUS && verdict != MENTIOND_CANCELED)
                        MUST(!written || target->refuses_with_200);
        } else
                MUST(writes == 0);
        if (verdict == MENTIOND_OK && strchr("lt", desk_operation))
                MUST(*filed.ticket && *filed.article);
        MUST(verdict >= MENTIOND_OK && verdict <= MENTIOND_BLOCKED);
        MUST((verdict == MENTIOND_ABSENT || verdict == MENTIOND_UNKNOWN) <= !!strchr("lt", desk_operation));
        MUST(!fuzz_has(op.reason, "\n") && !strstr(op.reason, WORLD_SECRET));
        MUST(op_judge(&op, verdict) == verdict);
}

int desk_run(const struct desk_target *t, const uint8_t *data, size_t size)
{
        struct input in = { (const char *) data, size };
        _cleanup_free_ char *operations = input_line(&in);

        if (world_knows_secret(data, size))
                return 0;
        target = t;
        world_on_request = on_request;
        world_begin(&in);
        for (size_t i = 0; operations[i] && i < OPERATIONS_MAX; i++)
                if (strchr(t->operations, operations[i]))
                        world_run(run, &operations[i]);
        world_end();
        return 0;
}
