/* SPDX-License-Identifier: MIT
 *
 * Channel "feed": its XML, from anybody.  Owns the document until feed_free().  The only file that knows libxml2, which is told
 * to load nothing, and to stop at the first entity that is declared.
 */
#include "feed.h"

#include <libxml/parser.h>
#include <libxml/uri.h>
#include <libxml/xpathInternals.h>
#include <string.h>
#include <strings.h>

#define CHUNK (64 * 1024)                /* keeps the parser busy for some milliseconds; a plugin may take 50 at a time */

struct feed_xml {
        xmlDoc *doc;
        xmlXPathContext *paths;
        xmlXPathObject *items;
};

void feed_free(struct feed_xml *x)
{
        xmlXPathFreeObject(x->items);
        xmlXPathFreeContext(x->paths);
        xmlFreeDoc(x->doc);
}

int feed_items(const struct feed_xml *x)
{
        return x->items && x->items->nodesetval ? x->items->nodesetval->nodeNr : 0;
}

/* --- Parsing --- */

/* Entities are nothing that a feed needs, and with them a small document becomes a large one. */
static void on_entity(void *parser, const xmlChar *name, int type, const xmlChar *public_id, const xmlChar *id, xmlChar *content)
{
        (void) name, (void) type, (void) public_id, (void) id, (void) content;
        xmlStopParser(parser);
}

static int is_feed(const xmlDoc *doc)
{
        const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;

        return root && (xmlStrEqual(root->name, BAD_CAST "rss") || xmlStrEqual(root->name, BAD_CAST "RDF") ||
                        xmlStrEqual(root->name, BAD_CAST "feed"));
}

/* Why it is no feed; NULL if it is one. */
static const char *judge(struct mentiond_op *op, xmlParserCtxt *parser, const struct mentiond_response *response)
{
        const xmlError *e = xmlCtxtGetLastError(parser);

        if (parser->errNo == XML_ERR_USER_STOP)
                return "it declares entities";
        if (parser->wellFormed && is_feed(parser->myDoc))
                return NULL;
        if (strncasecmp(mentiond_header(op, response, "Content-Type"), "text/html", 9) == 0)
                return "it is a web page";
        if (response->body_size == 0 || parser->wellFormed || !e)
                return response->body_size ? "it is neither RSS nor Atom" : "it is empty";
        return mentiond_format(op, "line %d: %.*s", e->line, (int) strcspn(e->message, "\n"), e->message);
}

static struct feed_xml *look_into(struct mentiond_op *op, xmlDoc *doc)
{
        static const char *const spaces[][2] = {
                { "atom", "http://www.w3.org/2005/Atom" }, { "rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#" },
                { "rss", "http://purl.org/rss/1.0/" }, { "content", "http://purl.org/rss/1.0/modules/content/" },
                { "dc", "http://purl.org/dc/elements/1.1/" },
        };
        struct feed_xml *x = mentiond_alloc(op, sizeof *x);

        (void) xmlXPathOrderDocElems(doc);       /* else each comparison of two items counts those between them */
        x->doc = doc;
        x->paths = xmlXPathNewContext(doc);
        for (size_t k = 0; k < sizeof spaces / sizeof *spaces; k++)
                (void) xmlXPathRegisterNs(x->paths, BAD_CAST spaces[k][0], BAD_CAST spaces[k][1]);
        x->items = xmlXPathEval(BAD_CAST "/rss/channel/item|/rdf:RDF/rss:item|/atom:feed/atom:entry", x->paths);
        return x;
}

/* Piece by piece, between which others have their turn; and nothing is taken from what is not whole. */
int feed_parse(struct mentiond_op *op, const char *url, const struct mentiond_response *response, struct feed_xml **ret)
{
        xmlParserCtxt *parser = xmlCreatePushParserCtxt(NULL, NULL, NULL, 0, url);
        const char *wrong = NULL;
        int r = MENTIOND_OK;

        (void) xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
        parser->sax->entityDecl = on_entity;
        for (uint64_t at = 0, n; at < response->body_size && r == MENTIOND_OK; at += n) {
                n = response->body_size - at < CHUNK ? response->body_size - at : CHUNK;
                (void) xmlParseChunk(parser, response->body + at, (int) n, at + n == response->body_size);
                r = mentiond_sleep(op, 0);
        }
        if (r == MENTIOND_OK)
                wrong = judge(op, parser, response);
        if (wrong)
                r = mentiond_fail(op, MENTIOND_RETRY, "there is no feed that can be read at this address: %s", wrong);
        if (r == MENTIOND_OK)
                *ret = look_into(op, parser->myDoc);
        else
                xmlFreeDoc(parser->myDoc);
        xmlFreeParserCtxt(parser);
        return r;
}

/* --- Items --- */

static xmlNode *item_at(const struct feed_xml *x, int item)
{
        return item == FEED_ITSELF ? xmlDocGetRootElement(x->doc) : x->items->nodesetval->nodeTab[item];
}

static xmlNode *first(struct feed_xml *x, int item, const char *path)
{
        xmlXPathObject *found = path ? xmlXPathNodeEval(item_at(x, item), BAD_CAST path, x->paths) : NULL;
        xmlNode *node = found && found->nodesetval && found->nodesetval->nodeNr ? found->nodesetval->nodeTab[0] : NULL;

        xmlXPathFreeObject(found);
        return node;
}

/* From libxml2's memory into the operation's, without the blanks around it. */
static const char *take(struct mentiond_op *op, xmlChar *text)
{
        char *copy = mentiond_format(op, "%s", text ? (const char *) text : ""), *end = copy + strlen(copy);

        xmlFree(text);
        while (end > copy && strchr(" \t\r\n", end[-1]))
                *--end = '\0';
        return copy + strspn(copy, " \t\r\n");
}

const char *feed_text(struct mentiond_op *op, struct feed_xml *x, int item, const char *path, const char *or_path)
{
        xmlNode *node = first(x, item, path) ?: first(x, item, or_path);

        return node ? take(op, xmlNodeGetContent(node)) : "";
}

/* Atom says what it has.  RSS has HTML as a text, but in titles: most have none there, and "<b>" in one is to be seen. */
const char *feed_html(struct mentiond_op *op, struct feed_xml *x, int item, const char *path, const char *or_path)
{
        xmlNode *node = first(x, item, path) ?: first(x, item, or_path);
        int atom = node && node->ns && xmlStrEqual(node->ns->href, BAD_CAST "http://www.w3.org/2005/Atom");
        int title = node && xmlStrEqual(node->name, BAD_CAST "title");
        const char *type = atom ? take(op, xmlGetNoNsProp(node, BAD_CAST "type")) : title ? "" : "html";
        xmlBuffer *b;

        if (!node)
                return "";
        if (strcmp(type, "xhtml") != 0) {
                xmlChar *text = xmlNodeGetContent(node);
                const char *html = take(op, strstr(type, "html") ? xmlStrdup(text) : xmlEncodeSpecialChars(x->doc, text));

                xmlFree(text);
                return html;
        }
        b = xmlBufferCreate();
        (void) xmlNodeDump(b, x->doc, node, 0, 0);
        type = take(op, xmlBufferDetach(b));
        xmlBufferFree(b);
        return type;
}

const char *feed_link(struct mentiond_op *op, struct feed_xml *x, int item, const char *path, const char *or_path)
{
        const char *link = feed_text(op, x, item, path, or_path);
        xmlChar *base = xmlNodeGetBase(x->doc, item_at(x, item));

        link = *link ? take(op, xmlBuildURI(BAD_CAST link, base)) : "";
        xmlFree(base);
        return strncasecmp(link, "http:", 5) == 0 || strncasecmp(link, "https:", 6) == 0 ? link : "";
}
