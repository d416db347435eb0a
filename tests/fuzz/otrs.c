/* SPDX-License-Identifier: MIT
 *
 * The otrs plugin against any server (desk.h).  A q at the beginning: the helpdesk has no queue of its own.
 */
#include "desk.h"

#include <mentiond/json.h>

#define BASE "https://desk.example/nph-genericinterface.pl/Webservice/mentiond/"

static bool on_request(const struct http_request *q)
{
        struct json_object *body = json_tokener_parse(q->body), *article = mj_get(body, "Article");
        bool writes = article && desk_operation != 's';  /* the one at the start makes nothing */

        MUST(streq(q->method, "POST") && body && !q->bearer);
        MUST(!!strstr(q->body, WORLD_SECRET) == streq(q->url, BASE "SessionCreate"));
        /* What agents are not to answer in public by mistake. */
        if (strcmp(mj_str(article, "SenderType"), "agent") == 0)
                MUST(mj_int(article, "IsVisibleForCustomer", -1) == 0);
        MUST(!strchr(mj_str(article, "From"), '@'));
        (void) json_object_put(body);
        return writes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct desk_target target = {
                .operations = "spcanltrx", .base = BASE, .on_request = on_request, .refuses_with_200 = true,
                .writes_max = 2,         /* the second after a session that was refused */
        };

        world_queue = size && *data == 'q' ? "" : "Social";
        return desk_run(&target, data, size);
}
