# Manual pages of section 3 from wsabi.h: one for each function and each type, and
# wsabi.3 with the rules for every call and a list of the functions.
#
#     awk -f man3.awk -v to=DIRECTORY -v version=0.1.0 wsabi.h

# ---- Reading: a comment, then what it is about ----

# Lines of a declaration, to its end.
declaration != "" {
  declaration = declaration "\n" $0
  if (declaration ~ /^typedef/ ? /^}/ : /;$/) finish()
  next
}

/^\/\// {
  comment = comment (comment == "" ? "" : "\n") substr($0, 4)
  next
}

/^typedef / || /^WSABI_API/ {
  declaration = $0
  if ($0 ~ /;$/) finish()
  next
}

/^#define WSABI_[A-Z0-9_]+ / && comment != "" {
  constants[++constant_count] = $2
  value[$2] = $3
  about[$2] = comment
}

{
  if (rules == "") rules = comment
  comment = ""
}

function finish(    name) {
  is_type = declaration ~ /^typedef/
  sub(/^WSABI_API[ \n]/, "", declaration)
  name = declaration
  if (match(name, /\(\*wsabi_[a-z0-9_]+\)/)) {
    name = substr(name, RSTART + 2, RLENGTH - 3)  # a pointer to a function
  } else {
    if (is_type) sub(/;$/, "", name); else sub(/\(.*/, "", name)
    sub(/.*[ *]/, "", name)
  }
  names[++count] = name
  synopsis[name] = declaration
  about[name] = comment
  declaration = comment = ""
}

# ---- Writing ----

END {
  for (i = 1; i <= count; i++) page(names[i])
  overview()
}

function page(name,    parts) {
  head(name, summary(about[name]))
  out(".SH SYNOPSIS")
  code("#include <wsabi.h>\n\n" without_comments(synopsis[name]))
  split_off_result(about[name], parts)
  out(".SH DESCRIPTION")
  prose(parts["what"])
  members(synopsis[name])
  values(name)
  if (parts["result"] != "") {
    out(".SH RETURN VALUE")
    prose(parts["result"])
  }
  see_also(name)
  close(file)
}

function overview(    i, name) {
  head("wsabi", "the WebSocket protocol (RFC 6455) as a library, without sockets")
  out(".SH SYNOPSIS")
  code("#include <wsabi.h>\n\ncc app.c $(pkg-config --cflags --libs wsabi)")
  sub(/.*Rules for every call\n*/, "", rules)
  out(".SH RULES FOR EVERY CALL")
  prose(rules)
  out(".SH FUNCTIONS")
  for (i = 1; i <= count; i++) {
    name = names[i]
    if (synopsis[name] !~ /^typedef/) item("\\fB" name "\\fR(3)", summary(about[name]))
  }
  out(".SH TYPES")
  for (i = 1; i <= count; i++) {
    name = names[i]
    if (synopsis[name] ~ /^typedef/) item("\\fB" name "\\fR(3)", summary(about[name]))
  }
  out(".SH CONSTANTS")
  for (i = 1; i <= constant_count; i++) {
    name = constants[i]
    if (!(name in printed)) item(with_value(name), about[name])
  }
  out(".SH SEE ALSO")
  out(".BR wsabi (1)")
  close(file)
}

function head(name, line) {
  file = to "/" name ".3"
  printf "" > file
  out(".TH " toupper(name) " 3 \"\" \"wsabi " version "\" \"wsabi\"")
  out(".nh")
  out(".SH NAME")
  out(name " \\- " line)
}

# The first sentence, without its full stop.
function summary(what) {
  gsub(/\n/, " ", what)
  gsub(/`/, "", what)
  if (match(what, /[.:;]( |$)/)) what = substr(what, 1, RSTART - 1)
  return escape(what)
}

# What a function returns stands at the end of its comment, unless there is
# nothing else in it. A sentence may begin on any line.
function split_off_result(what, parts,    at) {
  at = match(what, /(^|[.] |[.\n]\n|\n)(Returns [`a]|Returns\n`)/)
  parts["what"] = what
  parts["result"] = ""
  if (at <= 1) return
  at += index(substr(what, at), "Returns") - 1
  parts["what"] = substr(what, 1, at - 1)
  parts["result"] = substr(what, at)
}

function members(declaration,    lines, n, i, comment) {
  if (declaration !~ /\{\n/) return
  n = split(declaration, lines, "\n")
  for (i = 2; i < n; i++) {
    sub(/^ +/, "", lines[i])
    if (lines[i] ~ /^\/\//) {
      comment = comment substr(lines[i], 4) "\n"
    } else {
      item("\\fB" escape(lines[i]) "\\fR", comment)
      comment = ""
    }
  }
}

# The constants of a type: WSABI_EVENT_* of wsabi_event_type.
function values(name,    prefix, i) {
  if (synopsis[name] !~ /^typedef u?int/) return
  prefix = name
  sub(/^wsabi_/, "", prefix)
  sub(/_.*/, "", prefix)
  prefix = name == "wsabi_status" ? "^WSABI_(OK|ERR_)" : "^WSABI_" toupper(prefix) "_"
  for (i = 1; i <= constant_count; i++) {
    if (constants[i] ~ prefix) {
      item(with_value(constants[i]), about[constants[i]])
      printed[constants[i]]
    }
  }
}

function with_value(name) {
  return "\\fB" name "\\fR" (value[name] ~ /^{/ ? "" : " (" value[name] ")")
}

function see_also(name,    rest, other, seen, line) {
  line = ".BR wsabi (3)"
  rest = about[name] " " synopsis[name]
  while (match(rest, /wsabi_[a-z0-9_]+/)) {
    other = substr(rest, RSTART, RLENGTH)
    rest = substr(rest, RSTART + RLENGTH)
    if (other == name || other in seen || !(other in synopsis)) continue
    seen[other]
    line = line " ,\n.BR " other " (3)"
  }
  out(".SH SEE ALSO")
  out(line)
}

function item(tag, what) {
  out(".TP")
  out(tag)
  prose(what)
}

# Paragraphs, lists ("1. " or "- "), and what stands between backticks in bold.
function prose(what,    lines, n, i, gap) {
  n = split(what, lines, "\n")
  for (i = 1; i <= n; i++) {
    if (lines[i] == "") {
      gap = i > 1
      continue
    }
    if (gap || i > 1 && lines[i] ~ /^([0-9]+\.|-) /) out(".PP")
    gap = 0
    gsub(/^ +| +$/, "", lines[i])
    out(bold(escape(lines[i])))
  }
}

function bold(line,    n) {
  while (sub(/`/, ++n % 2 ? "\\fB" : "\\fR", line)) {}
  return line
}

function code(lines) {
  out(".nf")
  out(escape(lines))
  out(".fi")
}

function without_comments(lines) {
  gsub(/\n *\/\/[^\n]*/, "", lines)
  return lines
}

function escape(line) {
  gsub(/\\/, "\\\\e", line)
  gsub(/-/, "\\\\-", line)
  return line
}

function out(line) {
  # A control character that begins a line of text would be a request.
  if (line ~ /^'/) line = "\\&" line
  print line > file
}
