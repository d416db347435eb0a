/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"
#include "base/htmlguard.h"
#include "base/text.h"

#include <setjmp.h>
#include <cmocka.h>
#include <ctype.h>
#include <gumbo.h>
#include <stdio.h>

struct html_case {
        const char *html, *text;
};

static void check(const struct html_case *cases, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                /* Exactly as large as the input: a read behind it is found by ASan and valgrind. */
                size_t size = strlen(cases[i].html);
                _cleanup_free_ char *html = memcpy(xmalloc(size), cases[i].html, size);
                _cleanup_free_ char *text = text_from_html(html, size);

                if (!streq(text, cases[i].text))
                        fail_msg("%s\n  gives:    [%s]\n  expected: [%s]", cases[i].html, text, cases[i].text);
        }
}

#define CHECK(...)                                                                                          \
        do {                                                                                                \
                static const struct html_case cases[] = { __VA_ARGS__ };                                    \
                (void) state;                                                                               \
                check(cases, ELEMENTSOF(cases));                                                            \
        } while (0)

static void paragraphs_and_lines(void **state)
{
        CHECK({ "", "" },
              { "plain", "plain" },
              { "<p>a</p><p>b</p>", "a\n\nb" },
              { "<p>a<p>b", "a\n\nb" },
              { "<p>a<br>b<br/>c<BR />d</p>", "a\nb\nc\nd" },
              { "a<br><br>b", "a\n\nb" },
              { "a<br><br><br><br>b", "a\n\nb" },
              { "<p>a<br></p><p>b</p>", "a\n\nb" },
              { "<div>a</div><div>b</div>", "a\nb" },
              { "<div>a<br></div><div>b</div>", "a\nb" },
              { "<div>a</div><div><br></div><div>b</div>", "a\n\nb" },
              { "<p> </p><p>&nbsp;</p><p>a</p>", "a" },
              { "  a \n\t b  <b> c</b> ", "a b c" },
              { "a<b>b</b><i> c </i> d", "ab c d" },
              { "<h1>T</h1>x", "T\n\nx" },
              { "a<hr>b", "a\n\nb" },
              { "a</p>b</br>c", "a\n\nb\nc" });
}

static void mastodon_links_are_shown_by_their_address(void **state)
{
        CHECK({ "<a href=\"https://www.example.com/a/long/path?x=1&amp;y=2\" target=\"_blank\" rel=\"nofollow\">"
                "<span class=\"invisible\">https://www.</span><span class=\"ellipsis\">example.com/a/long</span>"
                "<span class=\"invisible\">/path?x=1&amp;y=2</span></a>, see?",
                "https://www.example.com/a/long/path?x=1&y=2, see?" },
              { "<a href=\"https://example.com/\"><span class=\"invisible\">https://</span>"
                "<span class=\"\">example.com/</span><span class=\"invisible\"></span></a>", "https://example.com/" },
              { "<a href='https://example.com/x'>example.com/x</a>", "https://example.com/x" },
              { "<a href='https://example.com/x'>Example.com</a>", "https://example.com/x" },
              { "<a href='https://example.com/long'>https://example.com/l\xe2\x80\xa6</a>", "https://example.com/long" },
              { "<a href=https://example.com>https://example.com/</a>", "https://example.com" },
              { "<a href='https://e.example/'>https://</a>", "https:// <https://e.example/>" },
              { "<a href='https://e.example/'><span class='invisible'>x</span></a>", "https://e.example/" });
}

static void other_links_show_both(void **state)
{
        CHECK({ "our <a href='https://shop.example/'>shop</a>!", "our shop <https://shop.example/>!" },
              { "<a href='https://evil.example/'>bank.example</a>", "bank.example <https://evil.example/>" },
              { "<a href='https://bank.example.evil.example/'>https://bank.example</a>",
                "https://bank.example.evil.example/" },
              { "<a href='https://a.example/> <script>'>x</a>", "x <https://a.example/%3E%20%3Cscript%3E>" },
              { "<a href=' https://a.example/b\nc '>x</a>", "x <https://a.example/bc>" },
              { "<a href='mailto:a@b.example'>mail</a>", "mail" },
              { "<a href='javascript:alert(1)'>x</a><a href='/rel'>y</a><a>z</a>", "xyz" },
              { "<a href='https://a.example/'></a>x", "x" },
              { "<a href='https://a.example/'><img alt='Logo'></a>", "Logo <https://a.example/>" },
              { "<a href='https://a.example/'>x", "x <https://a.example/>" },
              { "<a href='https://a.example/'>x<a href='https://b.example/'>y</a>",
                "x <https://a.example/>y <https://b.example/>" },
              { "<a href='https://a.example/'>x<table><tr><td><a href='https://b.example/'>y</a></td></tr></table></a>",
                "x <https://a.example/>\ny <https://b.example/>" },
              { "<a href='https://a.example/?a=1&copy=2'>x</a>", "x <https://a.example/?a=1&copy=2>" },
              { "<a href='https://a.example/' href='https://b.example/'>x</a>", "x <https://a.example/>" });
}

static void mentions_and_hashtags_are_their_text(void **state)
{
        CHECK({ "<p><span class=\"h-card\" translate=\"no\"><a href=\"https://x.example/@alice\" class=\"u-url mention\">"
                "@<span>alice</span></a></span> hi</p>", "@alice hi" },
              { "<a href=\"https://x.example/tags/help\" class=\"mention hashtag\" rel=\"tag\">#<span>help</span></a>",
                "#help" },
              { "<a href='https://x.example/' class='mentioned'>x</a>", "x <https://x.example/>" });
}

static void lists_and_quotes(void **state)
{
        CHECK({ "a<ul><li>b</li><li>c</li></ul>d", "a\n\n- b\n- c\n\nd" },
              { "<ul><li>a<li>b</ul>", "- a\n- b" },
              { "<ul><li>a<ul><li>b</li><li>c<br>d</li></ul></li><li>e</li></ul>", "- a\n  - b\n  - c\n    d\n- e" },
              { "<ol><li><p>a</p></li><li></li><li>b</li></ol>", "1. a\n\n3. b" },
              { "<ol start=\"9\"><li>a</li><li>b<ul><li>c</li></ul></li></ol><ol start=\"-1\"><li>d</li></ol>",
                "9. a\n10. b\n  - c\n\n1. d" },
              { "<div type=\"cite\">a<br>b</div>c", "> a\n> b\nc" },
              { "a<div data-signature=\"true\">b</div>", "a\n-- \nb" },
              { "a<div data-signature=\"true\">b</div><blockquote>c</blockquote>", "a\n-- \nb\n\n> c" },
              { "a<div data-signature=\"true\">b</div>c", "a\n   \nb\nc" },
              { "<blockquote>a<br>b</blockquote>c", "> a\n> b\n\nc" },
              { "<blockquote><p>a</p><p>b</p></blockquote><p>c</p>", "> a\n>\n> b\n\nc" },
              { "<blockquote>a</blockquote><blockquote>b</blockquote>", "> a\n\n> b" },
              { "<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b" },
              { "<blockquote><ul><li>a</li></ul></blockquote>", "> - a" },
              { "<div><blockquote>a</div>b", "> a\n\nb" },
              { "</blockquote></ul></li>a", "a" });
}

static void preformatted_text_is_kept(void **state)
{
        CHECK({ "<p>a</p><pre>\nif (x)\n\ty  z;\n\n\nend</pre>b", "a\n\nif (x)\n\ty  z;\n\n\nend\n\nb" },
              { "<pre><code>a\n  b</code></pre>", "a\n  b" },
              { "<blockquote><pre>a\nb</pre></blockquote>", "> a\n> b" });
}

static void tables_are_rows_of_cells(void **state)
{
        CHECK({ "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>c",
                "a b\n1 2\nc" },
              { "<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc" },
              { "<table><tr><td><p>a</p></td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc" },
              { "<table><tr><td><p>a</p></td><td><div>b</div></td></tr></table>", "a b" },
              { "<div><table><tr><td>a</div>b</td><td>c</td></tr></table></div>", "ab c" });
}

static void references_are_decoded(void **state)
{
        CHECK({ "a &amp; b &lt;c&gt; &quot;d&quot; &#39;e&#x27; &apos;", "a & b <c> \"d\" 'e' '" },
              { "AT&T, R&D & co, a&b;c, &", "AT&T, R&D & co, a&b;c, &" },
              { "&eacute;&Eacute;&hellip;&euro;&alpha;&alpha;", "\xc3\xa9\xc3\x89\xe2\x80\xa6\xe2\x82\xac\xce\xb1\xce\xb1" },
              { "&copy 2026 &notit; &amp;lt; &ampx", "\xc2\xa9 2026 \xc2\xacit; &lt; &x" },
              { "&nosuch; &#; &#x; &", "&nosuch; &#; &#x; &" },
              { "&#0;&#xd800;&#x110000;&#99999999999999999999;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
              { "&#128512; &#x80; &#150;", "\xf0\x9f\x98\x80 \xe2\x82\xac \xe2\x80\x93" },
              { "&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>" },
              { "a&nbsp;&nbsp;b\xc2\xa0" "c&Tab;d&NewLine;e", "a b c d e" },
              { "&#8;&#27;[0m", "[0m" });
}

static void what_a_browser_does_not_show_is_dropped(void **state)
{
        CHECK({ "a<script>alert('<p>x</p>')</script>b", "ab" },
              { "a<SCRIPT type=x>1</Script >b", "ab" },
              { "a<script>1</scripty></script>b", "ab" },
              { "<style>p{}</style>a<iframe src=x>b</iframe><noscript>c</noscript><xmp>d</xmp>", "a" },
              { "<title>t</title><textarea>u</textarea><select><option>v</select>a", "a" },
              { "<svg><text>x</text><svg></svg>y</svg>a<math><mi>z</mi></math><object>o</object>", "a" },
              { "<template><p>x</p></template><plaintext>p</plaintext>a", "a" },
              { "a<!-- b --><!-- > --!>c<!-->d<!--->e", "acde" },
              { "<!DOCTYPE html><?xml x?><![CDATA[x]]>a", "a" },
              { "<!--[if mso]><p>x</p><![endif]--><![if !mso]>a<![endif]>", "a" },
              { "<div style='color:red; display: none'>x<div>y</div>z</div>a<span hidden>x</span>", "a" },
              { "a<p title='>' data-x=\">\">b", "a\n\nb" });
}

static void what_is_never_closed_is_shown_as_typed(void **state)
{
        CHECK({ "how do I use <script> here? <b>thanks</b>", "how do I use here? thanks" },
              { "<svg>a", "a" },
              { "<select>a", "a" },
              { "<plaintext>a", "a" },
              { "a <!-- b", "a <!-- b" },
              { "a <!-- b > c", "a <!-- b > c" },
              { "I <3 you <> < b", "I <3 you <> < b" },
              { "a<b and c", "a<b and c" },
              { "a<b c=\"d e", "a<b c=\"d e" },
              { "a<b c=\"d>e <i>f</i>", "ae f" },
              { "a<", "a<" },
              { "a</", "a</" },
              { "a<!", "a<!" },
              { "a<script>b</script", "ab</script" });
}

/* Not for gumbo: the text alone, but all of it. */
static void misplaced_tags_cost_marks_but_no_text(void **state)
{
        CHECK({ "<p><b>a</p><p>b</p>c<br>d<ul><li>e</ul>", "a\n\nb\n\nc\nd\n\ne" },
              { "<table><tr><td>a<td>b<tr><td>c</table>d", "a b\nc\nd" },
              { "<table><b>a</b><tr><td>b</td></tr></table>", "a\nb" },
              { "<b><i>our <a href='https://a.example/'>shop</b></i></a>", "our shop" },
              { "<b><i>a</b> :<img alt=':blob&amp;cat:' title='x > y'>: &lt;<b>b&gt; &am<u>p;",
                "a ::blob&cat:: <b> &amp;" },
              { "<button>a</button> <object>b</object><select><option>c</select>d<<b>script>", "a d<script>" },
              { "<ul><li><b>a<li><script>if (a < b) x('</p>')</script>b</ul>", "a\nb" });
}

static void emoji_and_scripts_survive(void **state)
{
        CHECK({ "<img src=x class='custom-emoji' alt=':blob&amp;cat:' title=y> hi <img alt=''>", ":blob&cat: hi" },
              { "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",
                "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7" },
              { "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae\xd9\x88\xd8\xa7\xd9\x87\xd9\x85",        /* Persian, non-joiner */
                "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae\xd9\x88\xd8\xa7\xd9\x87\xd9\x85" },
              { "a\xe2\x80\x8b" "b\xef\xbb\xbf" "c&shy;d&#8203;e\xe2\x81\xa0", "abcde" },
              { "<p dir='rtl'>\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd7\xa2\xd7\x95\xd7\x9c\xd7\x9d!</p>",
                "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd7\xa2\xd7\x95\xd7\x9c\xd7\x9d!" },
              { "\xe2\x80\xae<p>a</p>b", "a\n\nb" },
              { "a\xff", "a\xef\xbf\xbd" });
}

static void helpdesk_notes_are_read(void **state)
{
        CHECK({ "<!DOCTYPE html><html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"/></head>"
                "<body style=\"font-family:Geneva,Helvetica,Arial,sans-serif; font-size: 12px;\">Hello<br />\r\n"
                "<br />\r\nyour parcel is on its way.<br />Bye</body></html>",
                "Hello\n\nyour parcel is on its way.\nBye" },
              { "<div>Hello</div><div><br></div><div>Bye <a href=\"https://x.example/\">https://x.example/</a></div>",
                "Hello\n\nBye https://x.example/" });
}

static void too_large_input_is_cut_and_no_half_tag_shown(void **state)
{
        size_t size = TEXT_HTML_MAX + 1000;
        _cleanup_free_ char *html = xmalloc(size);
        (void) state;

        memset(html, 'x', size);
        memcpy(html, "hello<img src='", 15);
        _cleanup_free_ char *text = text_from_html(html, size);
        assert_string_equal(text, "hello");
        memset(html, 'x', size);
        _cleanup_free_ char *all = text_from_html(html, size);
        assert_int_equal(strlen(all), TEXT_HTML_MAX);
}

static size_t repeat(char *html, size_t size, size_t max, const char *s, size_t times)
{
        size_t step = strlen(s);

        for (; times > 0 && step > 0 && size + step <= max; times--, size += step)
                memcpy(html + size, s, step);
        return size;
}

#define MANY " a b c d e f g h i j k l m n o p q r s t u v w x"

#define HANG_SECONDS 1200        /* without the guard a single one of these takes gumbo up to a minute; with it all take some
                                  * seconds, and some minutes under valgrind */

static void hostile_input_is_read_to_its_end(void **state)
{
        static const char *const patterns[] = {
                "<b>", "<a>", "<font a=b>", "<div>", "<p>a", "<ul><li>a", "<table><tr><td>", "<blockquote>a", "<pre>\n",
                "<a href='https://a.example/", "<a b=\"'", "<a b=\"\" c=\">", "<a<", "<!--", "<!-- -", "<!-- >", "<script>",
                "</script><script>", "<svg>", "<span class=invisible>", "</3", "&a", "&e1;&e2;&e3;", " a=b", "<p>a<br><br>",
                "<", "\xff", "<p><b></p>", "<div><b></div>", "<a><b></a></b>", "<b a=1><p>", "<table>a", "<table><b>", "<select>",
                "<template>", "<math><mi>", "<frameset>", "<li><div>", "<li><div><dd></div>", "<dd><ul></dt>", "<ruby><p><rt>",
                "<h1><p>", "<b" MANY "></b>", "<body a>", "<form>", "<nobr>", "<x-y></x-y>", "<title></title>", "</p>", "</br>",
                "<!doctype a>", "<img alt='<'>", "<img" MANY MANY MANY MANY MANY MANY MANY MANY ">",
        };
        static const char *const before[] = { "", "<b" MANY ">" };
        static const size_t sizes[] = { HTMLGUARD_SIZE_MAX, TEXT_HTML_MAX };
        _cleanup_free_ char *html = xmalloc(TEXT_HTML_MAX);
        (void) state;

        (void) alarm(HANG_SECONDS);
        for (size_t k = 0; k < ELEMENTSOF(sizes); k++)
                for (size_t i = 0; i < ELEMENTSOF(patterns) * ELEMENTSOF(before); i++) {
                        const char *pattern = patterns[i / ELEMENTSOF(before)], *begin = before[i % ELEMENTSOF(before)];
                        size_t size = repeat(html, repeat(html, 0, sizes[k], begin, 60), sizes[k], pattern, SIZE_MAX);

                        _cleanup_free_ char *open = text_from_html(html, size);
                        assert_true(strlen(open) <= 4 * TEXT_HTML_MAX);
                        html[size - 1] = '>';  /* there is an end of a tag after all, but far away */
                        _cleanup_free_ char *closed = text_from_html(html, size);
                        assert_true(strlen(closed) <= 4 * TEXT_HTML_MAX);
                }
        (void) alarm(0);
}

/* The letters that gumbo's tree shows; recursion is fine for what this test makes. */
static void gumbo_letters(const GumboNode *node, struct buffer *b)
{
        if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE) {
                for (const char *c = node->v.text.text; *c; c++)
                        if (!isspace((unsigned char) *c))
                                (void) buffer_append(b, c, 1);
        } else if (node->type == GUMBO_NODE_ELEMENT && node->v.element.tag != GUMBO_TAG_SCRIPT &&
                   node->v.element.tag != GUMBO_TAG_STYLE && node->v.element.tag != GUMBO_TAG_TITLE)
                for (unsigned i = 0; i < node->v.element.children.length; i++)
                        gumbo_letters(node->v.element.children.data[i], b);
}

/* Alone and behind what the guard refuses: gumbo's way and the flat one lose nothing. */
static void random_markup_shows_the_text_that_gumbo_finds(void **state)
{
        static const char *const pieces[] = {
                "a", "b ", "Z", "\n", " ", "&eacute;", "&amp;", "&amp", "&lt;p&gt;", "&#65;", "&#x42", "&nosuch;", "&notin;",
                "&notit;", "&copy=1", "&", "<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<i>", "</i>", "<span x='a>b'>",
                "</span>", "<br>", "<br/>", "<p/class=x>", "<h1>", "</h1>", "<em\nx=\"</p>\"y=z>", "</em>", "<x-y>", "</x-y>",
                "<!-- c -->", "<!---->", "<!-- -- > - -->", "<!x>", "<?php a?>", "<![CDATA[q]]>", "< ", "<1", "</p x='>'>",
                "<script>a<b</script>", "<SCRIPT>'</p>'</script\n>", "<style>x</styles></style>", "<title>t&amp;</title>",
                "<section>", "</section>", "=", "'", "\"", "/", "-", "]]", "?",
        };
        uint64_t seed = 20261122;
        (void) state;

        for (int round = 0; round < 20000; round++) {
                _cleanup_buffer_ struct buffer html = BUFFER_INIT(SIZE_MAX), expected = BUFFER_INIT(SIZE_MAX),
                        found = BUFFER_INIT(SIZE_MAX);

                buffer_append_str(&html, round % 2 ? "<body>" : "<body><b><p></b></p>");
                for (int i = 0; i < 14; i++) {
                        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
                        buffer_append_str(&html, pieces[(seed >> 33) % ELEMENTSOF(pieces)]);
                }

                GumboOutput *output = gumbo_parse_with_options(&kGumboDefaultOptions, html.data, html.size);
                gumbo_letters(output->root, &expected);
                gumbo_destroy_output(&kGumboDefaultOptions, output);

                _cleanup_free_ char *text = text_from_html(html.data, html.size);
                for (const char *c = text; *c; c++)
                        if (!isspace((unsigned char) *c))
                                buffer_append(&found, c, 1);
                if (!streq(buffer_str(&found), buffer_str(&expected)))
                        fail_msg("%s\n  gumbo: [%s]\n  ours:  [%s]", html.data, buffer_str(&expected), buffer_str(&found));
        }
}

static void text_to_html_escapes_and_comes_back(void **state)
{
        static const char text[] = "a < b & c > \"d\" 'e'\n\n<script>\n&amp; \xc3\xa9";
        _cleanup_free_ char *html = text_to_html(text), *back = text_from_html(html, strlen(html));
        (void) state;

        assert_string_equal(html, "a &lt; b &amp; c &gt; &quot;d&quot; &#39;e&#39;<br><br>&lt;script&gt;<br>&amp;amp; \xc3\xa9");
        assert_string_equal(back, text);
        _cleanup_free_ char *empty = text_to_html("");
        assert_string_equal(empty, "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(paragraphs_and_lines),
                cmocka_unit_test(mastodon_links_are_shown_by_their_address),
                cmocka_unit_test(other_links_show_both),
                cmocka_unit_test(mentions_and_hashtags_are_their_text),
                cmocka_unit_test(lists_and_quotes),
                cmocka_unit_test(preformatted_text_is_kept),
                cmocka_unit_test(tables_are_rows_of_cells),
                cmocka_unit_test(references_are_decoded),
                cmocka_unit_test(what_a_browser_does_not_show_is_dropped),
                cmocka_unit_test(what_is_never_closed_is_shown_as_typed),
                cmocka_unit_test(misplaced_tags_cost_marks_but_no_text),
                cmocka_unit_test(emoji_and_scripts_survive),
                cmocka_unit_test(helpdesk_notes_are_read),
                cmocka_unit_test(too_large_input_is_cut_and_no_half_tag_shown),
                cmocka_unit_test(hostile_input_is_read_to_its_end),
                cmocka_unit_test(random_markup_shows_the_text_that_gumbo_finds),
                cmocka_unit_test(text_to_html_escapes_and_comes_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
