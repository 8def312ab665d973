// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "cli.h"

void json_begin(struct cli_json *json, FILE *out)
{
	memset(json, 0, sizeof(*json));
	json->out = out;
	fputc('{', out);
}

void json_end(struct cli_json *json)
{
	fputs("\n}\n", json->out);
}

static void write_text(struct cli_json *json, const char *text)
{
	fputc('"', json->out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(json->out, "\\%c", c);
		else if (c < 0x20)
			fprintf(json->out, "\\u%04x", c);
		else
			fputc(c, json->out);
	}
	fputc('"', json->out);
}

/* What comes before a value: comma, a new line near the top, the key. */
static void write_key(struct cli_json *json, const char *key)
{
	if (json->more[json->depth])
		fputc(',', json->out);
	if (json->depth < 2)
		fprintf(json->out, "\n%*s", (int)json->depth * 2 + 2, "");
	else if (json->more[json->depth])
		fputc(' ', json->out);
	json->more[json->depth] = true;
	if (!key)
		return;
	write_text(json, key);
	fputs(": ", json->out);
}

void json_open(struct cli_json *json, const char *key, char bracket)
{
	write_key(json, key);
	fputc(bracket, json->out);
	json->more[++json->depth] = false;
}

void json_close(struct cli_json *json, char bracket)
{
	json->depth--;
	if (json->depth < 1)
		fprintf(json->out, "\n%*s", (int)json->depth * 2 + 2, "");
	fputc(bracket, json->out);
}

void json_string(struct cli_json *json, const char *key, const char *value)
{
	write_key(json, key);
	if (value)
		write_text(json, value);
	else
		fputs("null", json->out);
}

void json_number(struct cli_json *json, const char *key, uint64_t value)
{
	write_key(json, key);
	fprintf(json->out, "%llu", (unsigned long long)value);
}

void json_real(struct cli_json *json, const char *key, double value)
{
	write_key(json, key);
	fprintf(json->out, "%.6f", value);
}

void json_bool(struct cli_json *json, const char *key, bool value)
{
	write_key(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_raw(struct cli_json *json, const char *key, const char *text)
{
	write_key(json, key);
	fputs(text, json->out);
}

void json_properties(struct cli_json *json, const char *key, uint32_t broken)
{
	unsigned int i;

	json_open(json, key, '[');
	for (i = 0; i < DS_N_PROPERTIES; i++)
		if (broken >> i & 1)
			json_string(json, NULL,
				    ds_property((enum ds_property_id)i)->name);
	json_close(json, ']');
}

void json_warnings(struct cli_json *json, const char *key, uint32_t warned)
{
	char name[8];
	unsigned int i;

	json_open(json, key, '[');
	for (i = 0; i < 32; i++) {
		if (!(warned >> i & 1))
			continue;
		snprintf(name, sizeof(name), "W%u", i);
		json_string(json, NULL, name);
	}
	json_close(json, ']');
}
