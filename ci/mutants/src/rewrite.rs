//! Finds the places of a source file where it could be changed in a small way, and writes all changes into it at once, each behind
//! a question whether it is the chosen one.

use std::ops::Range;

use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, BinOp, Block, Expr, Pat, ReturnType, Signature, Stmt, Type, UnOp};

/// A change.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// What the switch compares; 0 is none.
    pub number: u32,
    /// `file:line:column: what in which function`.
    pub name: String,
    /// The same without the place: `file: what in which function, the n-th`. It stays when something else in the file changes.
    pub key: String,
}

/// A piece of the rewritten file that is there because of some mutants.
pub struct Piece {
    pub bytes: Range<usize>,
    pub numbers: Vec<u32>,
}

pub struct Rewritten {
    pub text: String,
    pub mutants: Vec<Mutant>,
    pub pieces: Vec<Piece>,
}

/// Rewrites `text`, the contents of `file`. `first` is the number of the first mutant; a mutant that `is_left_out` keeps its
/// number, but is not written.
pub fn rewrite(
    file: &str,
    text: &str,
    first: u32,
    is_left_out: &dyn Fn(&str) -> bool,
) -> Result<Rewritten, syn::Error> {
    let tree = syn::parse_file(text)?;
    let mut finder =
        Finder { file, function: String::new(), next: first, mutants: Vec::new(), sites: Vec::new(), is_left_out };
    finder.visit_file(&tree);
    let (text, pieces) = insert(text, &finder.sites);
    Ok(Rewritten { text, mutants: finder.mutants, pieces })
}

/// A place and what comes before and after it.
struct Site {
    range: Range<usize>,
    before: String,
    after: String,
    numbers: Vec<u32>,
}

/// Sites are nested or apart, and come in the order in which a walk enters them.
fn insert(text: &str, sites: &[Site]) -> (String, Vec<Piece>) {
    // At one position: first what ends there, the innermost first; then what begins there, the outermost first. A site without
    // a length is all in one.
    let mut insertions: Vec<(usize, bool, isize, usize, bool)> = Vec::new();
    for (i, site) in sites.iter().enumerate() {
        insertions.push((site.range.start, true, i as isize, i, true));
        let empty = site.range.is_empty();
        insertions.push((site.range.end, empty, if empty { i as isize } else { -(i as isize) }, i, false));
    }
    insertions.sort_by_key(|&(position, begins, order, _, is_start)| (position, begins, order, !is_start));
    let mut out = String::new();
    let mut pieces: Vec<Piece> = sites.iter().map(|s| Piece { bytes: 0..0, numbers: s.numbers.clone() }).collect();
    let mut done = 0;
    for (position, _, _, i, is_start) in insertions {
        out.push_str(&text[done..position]);
        done = position;
        if is_start {
            pieces[i].bytes.start = out.len();
            out.push_str(&sites[i].before);
        } else {
            out.push_str(&sites[i].after);
            pieces[i].bytes.end = out.len();
        }
    }
    out.push_str(&text[done..]);
    (out, pieces)
}

struct Finder<'a> {
    file: &'a str,
    function: String,
    next: u32,
    mutants: Vec<Mutant>,
    sites: Vec<Site>,
    is_left_out: &'a dyn Fn(&str) -> bool,
}

impl Finder<'_> {
    /// The number of a new mutant, unless it is left out.
    fn number(&mut self, at: Span, what: &str) -> Option<u32> {
        let (start, function) = (at.start(), &self.function);
        let name = format!("{}:{}:{}: {what} in {function}", self.file, start.line, start.column + 1);
        let number = self.next;
        self.next += 1;
        let what = format!("{}: {what} in {function}, ", self.file);
        let nth = self.mutants.iter().filter(|other| other.key.starts_with(&what)).count();
        let key = format!("{what}{nth}");
        let written = !(self.is_left_out)(&key);
        self.mutants.push(Mutant { number, name, key });
        written.then_some(number)
    }

    fn site(&mut self, range: Range<usize>, before: String, after: &str, numbers: Vec<u32>) {
        if !numbers.is_empty() {
            self.sites.push(Site { range, before, after: after.to_owned(), numbers });
        }
    }

    /// An expression in whose place others may be.
    fn instead(&mut self, expr: &Expr, at: Span, others: Vec<(String, String)>) {
        let (mut before, mut numbers) = ("(".to_owned(), Vec::new());
        for (what, other) in others {
            if let Some(number) = self.number(at, &what) {
                before += &format!("if crate::mutant::is({number}) {{ {other} }} else ");
                numbers.push(number);
            }
        }
        self.site(expr.span().byte_range(), before + "{ ", " })", numbers);
    }

    /// A condition, which may be true or false.
    fn condition(&mut self, condition: &Expr, may_be_true: bool) {
        if has_let(condition) || is_without(condition) {
            return;
        }
        let mut others = vec![("condition is false".to_owned(), "false".to_owned())];
        if may_be_true {
            others.push(("condition is true".to_owned(), "true".to_owned()));
        }
        self.instead(condition, condition.span(), others);
    }

    fn body(&mut self, signature: &Signature, block: &Block) {
        let values: &[&str] = match &signature.output {
            ReturnType::Default => &["()"],
            ReturnType::Type(_, of) => match &**of {
                Type::Path(path) => {
                    match &*path.path.segments.last().map_or(String::new(), |s| s.ident.to_string()) {
                        "bool" => &["true", "false"],
                        "usize" | "isize" | "u8" | "u16" | "u32" | "u64" => &["0", "1"],
                        "Option" => &["None"],
                        "Vec" => &["Vec::new()"],
                        _ => &[],
                    }
                }
                Type::Tuple(tuple) if tuple.elems.is_empty() => &["()"],
                _ => &[],
            },
        };
        let (mut before, mut numbers) = (String::new(), Vec::new());
        for value in values {
            if let Some(number) = self.number(signature.ident.span(), &format!("body is {value}")) {
                before += &format!(" if crate::mutant::is({number}) {{ return {value}; }} ");
                numbers.push(number);
            }
        }
        let start = block.brace_token.span.open().byte_range().end;
        self.site(start..start, before, "", numbers);
    }

    fn function(&mut self, signature: &Signature, attributes: &[Attribute], block: &Block) {
        // What is fetched early is the same.
        if is_test(attributes) || signature.ident.to_string().starts_with("prefetch") {
            return;
        }
        let outer = std::mem::replace(&mut self.function, signature.ident.to_string());
        self.body(signature, block);
        self.visit_block(block);
        self.function = outer;
    }
}

fn text(of: &impl ToTokens) -> String {
    of.to_token_stream().to_string()
}

/// `#[test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|a| {
        let text = text(&a.meta);
        text == "test"
            || (text.starts_with("cfg") && text.contains("test") && !text.contains("not"))
            || text.replace(' ', "").starts_with("cfg(all(test")
    })
}

fn has_let(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

/// `without(GUARD)` and its contrary: that is ci/guards.sh's business.
fn is_without(expr: &Expr) -> bool {
    match expr {
        Expr::Unary(unary) => is_without(&unary.expr),
        Expr::Call(call) => text(&call.func) == "without",
        _ => false,
    }
}

/// In brackets, for `a as usize < b` is something else.
fn instead(operator: &str, left: &str, right: &str) -> String {
    if operator.ends_with('=') && !matches!(operator, "==" | "!=" | "<=" | ">=") {
        format!("{left} {operator} ({right})")
    } else {
        format!("({left}) {operator} ({right})")
    }
}

/// What may be in the place of an operator.
fn other_operators(operator: &BinOp) -> &'static [&'static str] {
    match operator {
        BinOp::Eq(_) => &["!="],
        BinOp::Ne(_) => &["=="],
        BinOp::Lt(_) => &["<=", ">="],
        BinOp::Le(_) => &["<", ">"],
        BinOp::Gt(_) => &[">=", "<="],
        BinOp::Ge(_) => &[">", "<"],
        BinOp::And(_) => &["||"],
        BinOp::Or(_) => &["&&"],
        BinOp::Add(_) => &["-"],
        BinOp::Sub(_) => &["+"],
        BinOp::Mul(_) => &["/", "+"],
        BinOp::Div(_) => &["*", "%"],
        BinOp::Rem(_) => &["/"],
        BinOp::BitAnd(_) => &["|"],
        BinOp::BitOr(_) => &["&", "^"],
        BinOp::BitXor(_) => &["|", "&"],
        BinOp::Shl(_) => &[">>"],
        BinOp::Shr(_) => &["<<"],
        BinOp::AddAssign(_) => &["-="],
        BinOp::SubAssign(_) => &["+="],
        BinOp::MulAssign(_) => &["/="],
        BinOp::DivAssign(_) => &["*="],
        BinOp::BitAndAssign(_) => &["|="],
        BinOp::BitOrAssign(_) => &["&="],
        BinOp::ShlAssign(_) => &[">>="],
        BinOp::ShrAssign(_) => &["<<="],
        _ => &[],
    }
}

impl<'a> Visit<'a> for Finder<'_> {
    fn visit_item_fn(&mut self, f: &'a syn::ItemFn) {
        self.function(&f.sig, &f.attrs, &f.block);
    }

    fn visit_impl_item_fn(&mut self, f: &'a syn::ImplItemFn) {
        self.function(&f.sig, &f.attrs, &f.block);
    }

    fn visit_item_mod(&mut self, module: &'a syn::ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_impl(&mut self, of: &'a syn::ItemImpl) {
        let is_debug = |path: &syn::Path| path.segments.last().is_some_and(|s| s.ident == "Debug");
        if !is_test(&of.attrs) && !of.trait_.as_ref().is_some_and(|(_, path, _)| is_debug(path)) {
            visit::visit_item_impl(self, of);
        }
    }

    // What is made at compile time, and what is no expression.
    fn visit_item_const(&mut self, _: &'a syn::ItemConst) {}
    fn visit_impl_item_const(&mut self, _: &'a syn::ImplItemConst) {}
    fn visit_item_static(&mut self, _: &'a syn::ItemStatic) {}
    fn visit_item_enum(&mut self, _: &'a syn::ItemEnum) {}
    fn visit_type(&mut self, _: &'a Type) {}
    fn visit_pat(&mut self, _: &'a Pat) {}
    fn visit_generic_argument(&mut self, _: &'a syn::GenericArgument) {}
    fn visit_expr_const(&mut self, _: &'a syn::ExprConst) {}
    fn visit_expr_repeat(&mut self, repeat: &'a syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::Expr(expr, Some(_)) = statement {
            let may_go = matches!(
                expr,
                Expr::Call(_)
                    | Expr::MethodCall(_)
                    | Expr::Assign(_)
                    | Expr::Return(_)
                    | Expr::Continue(_)
                    | Expr::Break(_)
                    | Expr::Unsafe(_)
            );
            if may_go && !text(expr).starts_with("debug_assert") {
                if let Some(number) = self.number(expr.span(), "statement is gone") {
                    let before = format!("if !crate::mutant::is({number}) {{ ");
                    self.site(statement.span().byte_range(), before, " }", vec![number]);
                }
            }
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Binary(binary) if !has_let(expr) => {
                let (left, right, now) = (text(&binary.left), text(&binary.right), text(&binary.op));
                let others = other_operators(&binary.op)
                    .iter()
                    .map(|other| (format!("{now} as {other}"), instead(other, &left, &right)))
                    .collect();
                self.instead(expr, binary.op.span(), others);
            }
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_) | UnOp::Neg(_)) && !is_without(expr) => {
                let now = text(&unary.op);
                self.instead(expr, unary.op.span(), vec![(format!("no {now}"), text(&unary.expr))]);
            }
            _ => {}
        }
        visit::visit_expr(self, expr);
    }

    fn visit_expr_if(&mut self, of: &'a syn::ExprIf) {
        self.condition(&of.cond, true);
        visit::visit_expr_if(self, of);
    }

    fn visit_expr_while(&mut self, of: &'a syn::ExprWhile) {
        self.condition(&of.cond, false);
        visit::visit_expr_while(self, of);
    }

    fn visit_expr_match(&mut self, of: &'a syn::ExprMatch) {
        let others = of.arms.last().is_some_and(|last| matches!(last.pat, Pat::Wild(_)) && last.guard.is_none());
        self.visit_expr(&of.expr);
        for arm in &of.arms {
            if let Some((_, condition)) = &arm.guard {
                self.condition(condition, true);
                self.visit_expr(condition);
            } else if others && !matches!(arm.pat, Pat::Wild(_)) {
                if let Some(number) = self.number(arm.pat.span(), "arm is gone") {
                    let end = arm.pat.span().byte_range().end;
                    self.site(end..end, format!(" if !crate::mutant::is({number})"), "", vec![number]);
                }
            }
            self.visit_expr(&arm.body);
        }
    }
}
