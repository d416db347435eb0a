/* SPDX-License-Identifier: MIT
 * L2.  What the journal keeps of an item: JSON with the member names below. */
#ifndef HOST_PAYLOAD_H
#define HOST_PAYLOAD_H

#include "base/arena.h"
#include "base/command.h"
#include "store/store.h"

#include <mentiond/channel.h>
#include <mentiond/helpdesk.h>

/* All return malloced strings. */

/* The body as plain, clean text. */
char *payload_text(const struct mentiond_mention *m);

/* {kind, visibility, parent, url, text, warning, language, edited,
 *  author: {id, handle, name, url, followers, created, verified, bot}, above: {id, handle, name, text, url},
 *  media: [{url, type, description, id}]}
 * What is kept of it is the arena's. */
char *payload_of_mention(struct arena *a, const struct mentiond_mention *m, const struct mentiond_author *author,
                         struct store_kept *ret_kept);

/* The same with quotes: [{handle, name, text, url}], posts that it answers, root first, and left_out: how many there are between
 * the first of them and the others. */
struct payload_quote {
        const char *handle, *name, *text, *url;
};
char *payload_with_quotes(const char *payload, const struct payload_quote *quotes, size_t n, size_t left_out);

/* Why nothing is posted by a channel without post(): for the agent. */
#define PAYLOAD_ONLY_WATCHED "nothing can be posted there"

/* Whether it may be answered. */
struct store_right payload_right(struct arena *a, const struct mentiond_mention *m);

char *payload_body(const char *html, const char *text);

/* {agent, text, attachments, ticket} */
char *payload_of_article(const struct mentiond_article *a);

/* The same of an internal article that is a command, with command: its word; text is what follows that. */
char *payload_of_command(const struct mentiond_article *a, const struct command *c);

/* {subject, text, article, url, note: its kind} */
char *payload_of_note(const struct mentiond_note *n);

/* Owned by the arena; NULL if it is no JSON. */
struct json_object *payload_parse(struct arena *a, const char *payload);

#endif
