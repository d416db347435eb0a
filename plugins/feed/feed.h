/* SPDX-License-Identifier: MIT
 * Channel "feed": what its files share. */
#ifndef FEED_H
#define FEED_H

#include <mentiond/channel.h>

/* --- feed_xml.c: the document, and what its items say --- */

struct feed_xml;

/* A verdict; *ret is to be freed. */
int feed_parse(struct mentiond_op *op, const char *url, const struct mentiond_response *response, struct feed_xml **ret);
void feed_free(struct feed_xml *x);

int feed_items(const struct feed_xml *x);

#define FEED_ITSELF -1

/* Of the item-th, or of the whole: what stands at the first place of an XPath, or else of the other one; or "".  As plain text,
 * as HTML, as an address of the Web. */
const char *feed_text(struct mentiond_op *op, struct feed_xml *x, int item, const char *path, const char *or_path);
const char *feed_html(struct mentiond_op *op, struct feed_xml *x, int item, const char *path, const char *or_path);
const char *feed_link(struct mentiond_op *op, struct feed_xml *x, int item, const char *path, const char *or_path);

#endif
