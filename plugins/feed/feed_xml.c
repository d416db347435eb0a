/* SPDX-License-Identifier: MIT
 *
 * Channel "feed": its XML, from anybody.  The only file that knows libxml2, which is told to load nothing, and to stop at the
 * first entity that is declared.
 */
#include "feed.h"

#include <libxml/parser.h>
#include <libxml/uri.h>
#include <libxml/xpathInternals.h>
#include <string.h>
#include <strings.h>

#define CHUNK (64 * 1024)                /* keeps the parser busy for some milliseconds; a plugin may take 50 at a time */

/* --- What stands at the first place of an XPath below a node --- */

static xmlNode *first(xmlXPathContext *paths, xmlNode *node, const char *path)
{
        xmlXPathObject *found = xmlXPathNodeEval(node, BAD_CAST path, paths);
        xmlNode *at = found && found->nodesetval && found->nodesetval->nodeNr ? found->nodesetval->nodeTab[0] : NULL;

        xmlXPathFreeObject(found);
        return at;
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

static const char *text_at(struct mentiond_op *op, xmlXPathContext *paths, xmlNode *node, const char *path)
{
        return take(op, xmlNodeGetContent(first(paths, node, path)));
}

/* Atom says what it has.  RSS has HTML as a text, but in titles: most have none there, and "<b>" in one is to be seen. */
static const char *html_at(struct mentiond_op *op, xmlXPathContext *paths, xmlNode *node, const char *path)
{
        xmlNode *at = first(paths, node, path);
        int atom = at && at->ns && xmlStrEqual(at->ns->href, BAD_CAST "http://www.w3.org/2005/Atom");
        int title = at && xmlStrEqual(at->name, BAD_CAST "title");
        const char *type = atom ? take(op, xmlGetNoNsProp(at, BAD_CAST "type")) : title ? "" : "html";
        const char *text = take(op, xmlNodeGetContent(at));
        xmlBuffer *whole;

        if (strcmp(type, "xhtml") != 0)
                return strstr(type, "html") ? text : take(op, xmlEncodeSpecialChars(paths->doc, BAD_CAST text));
        whole = xmlBufferCreate();
        (void) xmlNodeDump(whole, paths->doc, at, 0, 0);
        text = take(op, xmlBufferDetach(whole));
        xmlBufferFree(whole);
        return text;
}

static const char *link_at(struct mentiond_op *op, xmlXPathContext *paths, xmlNode *node, const char *path)
{
        const char *link = text_at(op, paths, node, path);
        xmlChar *base = xmlNodeGetBase(paths->doc, node);

        link = *link ? take(op, xmlBuildURI(BAD_CAST link, base)) : "";
        xmlFree(base);
        return strncasecmp(link, "http:", 5) == 0 || strncasecmp(link, "https:", 6) == 0 ? link : "";
}

/* --- Items --- */

static struct feed_item read_item(struct mentiond_op *op, xmlXPathContext *paths, xmlNode *node, const char *team)
{
        struct feed_item i = {
                .guid = text_at(op, paths, node, "guid|atom:id|@rdf:about"),
                .author = text_at(op, paths, node, "author|dc:creator|atom:author/atom:name"),
                .title = html_at(op, paths, node, "title|rss:title|atom:title"),
                .body = html_at(op, paths, node, "content:encoded|atom:content|(description|rss:description|atom:summary)"
                                                 "[not(../content:encoded|../atom:content)]"),
                .link = link_at(op, paths, node, "link|rss:link|atom:link[not(@rel) or @rel='alternate']"
                                                 "[not(../link|../rss:link)]/@href"),
                .date_usec = mentiond_parse_time(text_at(op, paths, node, "pubDate|dc:date|atom:published|atom:updated"
                                                         "[not(../pubDate|../dc:date|../atom:published)]")),
        };

        if (!*i.author)
                i.author = team;
        if (!*i.link)
                i.link = link_at(op, paths, node, "guid[starts-with(., 'http') and not(@isPermaLink='false')]");
        return i;
}

static int read_all(struct mentiond_op *op, xmlDoc *doc, struct feed_list *ret)
{
        static const char *const spaces[][2] = {
                { "atom", "http://www.w3.org/2005/Atom" }, { "rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#" },
                { "rss", "http://purl.org/rss/1.0/" }, { "content", "http://purl.org/rss/1.0/modules/content/" },
                { "dc", "http://purl.org/dc/elements/1.1/" },
        };
        xmlXPathContext *paths = xmlXPathNewContext(doc);
        xmlXPathObject *found;
        const char *team;
        int r = MENTIOND_OK;

        (void) xmlXPathOrderDocElems(doc);       /* else each comparison of two items counts those between them */
        for (size_t k = 0; k < sizeof spaces / sizeof *spaces; k++)
                (void) xmlXPathRegisterNs(paths, BAD_CAST spaces[k][0], BAD_CAST spaces[k][1]);
        found = xmlXPathEval(BAD_CAST "/rss/channel/item|/rdf:RDF/rss:item|/atom:feed/atom:entry", paths);
        team = text_at(op, paths, xmlDocGetRootElement(doc), "atom:author/atom:name");
        ret->n = found && found->nodesetval ? found->nodesetval->nodeNr : 0;
        ret->items = mentiond_alloc(op, (uint64_t) (ret->n + 1) * sizeof *ret->items);
        for (int k = 0; k < ret->n && r == MENTIOND_OK; k++) {
                ret->items[k] = read_item(op, paths, found->nodesetval->nodeTab[k], team);
                r = feed_breathe(op, k);
        }
        xmlXPathFreeObject(found);
        xmlXPathFreeContext(paths);
        return r;
}

/* --- The document --- */

/* Entities are nothing that a feed needs, and with them a small document becomes a large one. */
static void on_entity(void *parser, const xmlChar *name, int type, const xmlChar *public_id, const xmlChar *id, xmlChar *content)
{
        (void) name, (void) type, (void) public_id, (void) id, (void) content;
        xmlStopParser(parser);
}

/* Why it is no feed; NULL if it is one. */
static const char *judge(struct mentiond_op *op, xmlParserCtxt *parser, const struct mentiond_response *response)
{
        const xmlNode *root = xmlDocGetRootElement(parser->myDoc);
        const xmlError *e = xmlCtxtGetLastError(parser);

        if (parser->errNo == XML_ERR_USER_STOP)
                return "it declares entities";
        if (parser->wellFormed && root && (xmlStrEqual(root->name, BAD_CAST "rss") || xmlStrEqual(root->name, BAD_CAST "RDF") ||
                                           xmlStrEqual(root->name, BAD_CAST "feed")))
                return NULL;
        if (strncasecmp(mentiond_header(op, response, "Content-Type"), "text/html", 9) == 0)
                return "it is a web page";
        if (response->body_size == 0 || parser->wellFormed || !e)
                return response->body_size ? "it is neither RSS nor Atom" : "it is empty";
        return mentiond_format(op, "line %d: %.*s", e->line, (int) strcspn(e->message, "\n"), e->message);
}

/* Piece by piece, between which others have their turn; and nothing is taken from what is not whole. */
int feed_read(struct mentiond_op *op, const char *url, const struct mentiond_response *response, struct feed_list *ret)
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
                r = read_all(op, parser->myDoc, ret);
        xmlFreeDoc(parser->myDoc);
        xmlFreeParserCtxt(parser);
        return r;
}
