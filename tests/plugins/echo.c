/* SPDX-License-Identifier: MIT
 * echo: a channel whose network is two files, for tests and as an example of a whole plugin.  What stands in "inbox",
 * one JSON object a line, are mentions; replies are appended to "outbox".
 *
 *     {"id": "1", "handle": "@alice@example", "text": "hello", "parent": "", "root": "1", "created": "2026-11-22T02:00:00Z"}
 *
 * With "until" (a time) it may be answered until then; with "right" (a number) as enum mentiond_reply_right says; "reason" tells
 * why.
 */
#include <mentiond/channel.h>
#include <mentiond/json.h>

#include <stdio.h>
#include <stdlib.h>

struct echo {
        const char *inbox, *outbox;
};

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct echo, inbox, "inbox", MENTIOND_STRING, .flags = MENTIOND_REQUIRED, .help = "File with mentions"),
        MENTIOND_OPTION(struct echo, outbox, "outbox", MENTIOND_STRING, .flags = MENTIOND_REQUIRED, .help = "File for replies"),
        { .name = NULL },
};

static int start(struct mentiond_op *op, void *state)
{
        (void) state;
        mentiond_set_self(op, "echo", "@echo@example");
        return MENTIOND_OK;
}

static void emit(struct mentiond_op *op, struct json_object *o)
{
        struct mentiond_author author = {
                .struct_size = sizeof author, .id = mj_str(o, "handle"), .handle = mj_str(o, "handle"), .followers = -1,
        };
        struct mentiond_mention m = {
                .struct_size = sizeof m, .kind = MENTIOND_MENTION, .visibility = MENTIOND_PUBLIC, .id = mj_str(o, "id"),
                .parent = mj_str(o, "parent"), .root = mj_str(o, "root"), .text = mj_str(o, "text"),
                .created_usec = mentiond_parse_time(mj_str(o, "created")), .author = &author,
                .reply_right = (uint32_t) mj_int(o, "right", *mj_str(o, "until") ? MENTIOND_REPLY_UNTIL : MENTIOND_MAY_REPLY),
                .reply_until_usec = mentiond_parse_time(mj_str(o, "until")), .reply_reason = mj_str(o, "reason"),
        };

        (void) mentiond_emit(op, &m);            /* what is known is passed over: the file may be read from its start */
        json_object_put(o);
}

static int poll(struct mentiond_op *op, void *state)
{
        FILE *f = fopen(((struct echo *) state)->inbox, "re");
        char *line = NULL;
        size_t size = 0;

        if (!f)
                return mentiond_fail(op, MENTIOND_RETRY, "cannot open the inbox: %m");
        while (getline(&line, &size, f) > 0)
                emit(op, json_tokener_parse(line));      /* of a bad line: no id, so it is put aside */
        free(line);
        fclose(f);
        return MENTIOND_OK;
}

static int find(struct mentiond_op *op, void *state, const struct mentiond_post *p, struct mentiond_posted *ret)
{
        FILE *f = fopen(((struct echo *) state)->outbox, "re");
        int verdict = MENTIOND_ABSENT;
        char *line = NULL;
        size_t size = 0;

        while (f && verdict != MENTIOND_OK && getline(&line, &size, f) > 0)
                if (strstr(line, p->key))
                        verdict = MENTIOND_OK;
        ret->id = mentiond_format(op, "echo-%s", p->key);
        free(line);
        if (f)
                fclose(f);
        return verdict;
}

static int post(struct mentiond_op *op, void *state, const struct mentiond_post *p, struct mentiond_posted *ret)
{
        struct json_object *o = mentiond_json_object(op);
        FILE *f = fopen(((struct echo *) state)->outbox, "ae");

        if (!f)
                return mentiond_fail(op, MENTIOND_RETRY, "cannot open the outbox: %m");
        ret->id = mentiond_format(op, "echo-%s", p->key);
        mj_put_str(o, "id", ret->id);
        mj_put_str(o, "parent", p->parent);
        mj_put_str(o, "text", p->text);
        fprintf(f, "%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
        if (fclose(f) != 0)                      /* some of it may be there */
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "cannot write the outbox: %m");
        return MENTIOND_OK;
}

static const struct mentiond_hook hook = {
        .struct_size = sizeof hook, .signature = MENTIOND_HMAC_SHA1_HEX, .header = "X-Hub-Signature", .prefix = "sha1=",
        .delivery = "X-Echo-Delivery", .handshake = MENTIOND_CRC_TOKEN,
};

static const struct mentiond_channel echo = {
        .head = { MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel), .name = "echo", .version = "1",
                  .summary = "Two files in place of a network", .state_size = sizeof(struct echo), .options = options },
        .start = start, .poll = poll, .post = post, .find = find, .hook = &hook,
};

MENTIOND_CHANNEL_PLUGIN(echo)
