/* SPDX-License-Identifier: MIT
 * L3.  The texts: of tickets and articles for agents, of replies for the network. */
#ifndef FLOW_COMPOSE_H
#define FLOW_COMPOSE_H

#include "base/arena.h"
#include "host/instance.h"

#include <mentiond/json.h>

/* Everything lives as long as the arena. */

/* "CHANNEL:ID", fit for a key (see struct mentiond_filing). */
const char *compose_key(struct arena *a, const char *channel, const char *id);

/* Of a thread; first: the root of the first that it goes on from, or its own. */
const char *compose_thread_key(struct arena *a, const char *channel, const char *first, const char *root);

/* Of a branch of the conversation that began with first; and of the article that shows its root there, for which another was
 * filed before it was one. */
const char *compose_branch_key(struct arena *a, const char *channel, const char *first, const char *root);

const char *compose_title(struct arena *a, struct json_object *mention);

/* The author's name without '@'. */
const char *compose_author(struct arena *a, struct json_object *mention);

/* What the agent reads: the text, then who speaks, where, in answer to what, with what media.  failed_media: a line for
 * each that did not become an attachment, or "".  author: what is known of him, for the whole card; NULL: his handle alone. */
const char *compose_article(struct arena *a, struct json_object *mention, int64_t created_usec, const char *failed_media,
                            const struct store_author *author);

/* Whether the text names the handle ("@alice@example.social"), with or without its domain, as a word of its own. */
bool compose_names(const char *text, const char *handle);

/* What is posted: the agent's text, with the author's handle before it unless it is there. */
const char *compose_reply(struct arena *a, const char *text, const char *handle);

#endif
