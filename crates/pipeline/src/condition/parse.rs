//! The grammar of conditions, with nom.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, multispace0, one_of};
use nom::combinator::{all_consuming, cut, map, opt, recognize, value, verify};
use nom::multi::{many1_count, separated_list0};
use nom::sequence::{delimited, preceded};
use nom::{Finish, IResult, Parser};
use regex::{Regex, RegexBuilder};
use sawmill_event::FieldRef;
use thiserror::Error;

use super::{Comparison, Constant, Expression, Junction, Operand, text_constant, unquote};

/// Why a text is no condition.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConditionError {
    /// A regular expression does not compile.
    #[error("the regular expression /{pattern}/ is not valid here: {reason}")]
    Regex {
        /// The expression as written.
        pattern: String,
        /// What the engine says.
        reason: String,
    },
    /// The text does not follow the grammar.
    #[error("`{text}` is no condition: cannot read on at `{rest}`")]
    Syntax {
        /// The whole condition.
        text: String,
        /// What could not be read.
        rest: String,
    },
}

/// How deep parentheses may nest; the parser calls itself for each.
const DEPTH_MAX: usize = 64;

pub(super) fn condition(text: &str) -> Result<Expression, ConditionError> {
    let syntax = |rest: &str| ConditionError::Syntax {
        text: text.to_owned(),
        rest: rest.to_owned(),
    };
    let depth = text.matches(['(', '!']).count();
    if depth > DEPTH_MAX {
        return Err(syntax("more than 64 parentheses"));
    }
    check_regexes(text)?;
    match all_consuming(delimited(multispace0, either, multispace0))
        .parse(text)
        .finish()
    {
        Ok((_, expression)) => Ok(expression),
        Err(error) => Err(syntax(if error.input.is_empty() {
            "the end"
        } else {
            error.input
        })),
    }
}

/// Compiles each `/…/` on its own, so that a bad one is reported as what it is.
fn check_regexes(text: &str) -> Result<(), ConditionError> {
    let mut rest = text;
    while let Some(at) = rest.find('~') {
        rest = rest[at + 1..].trim_start();
        if let Ok((after, pattern)) = pattern(rest) {
            regex(&pattern).map_err(|reason| ConditionError::Regex {
                pattern,
                reason: reason.to_string(),
            })?;
            rest = after;
        }
    }
    Ok(())
}

/// `or`, `xor` and `nand`, from left to right.
fn either(input: &str) -> IResult<&str, Expression> {
    let (mut input, first) = both(input)?;
    let mut rest = Vec::new();
    while let Ok((behind, word)) = word_of(&["or", "xor", "nand"], input) {
        let junction = match word {
            "or" => Junction::Or,
            "xor" => Junction::Xor,
            _ => Junction::Nand,
        };
        let (behind, right) = cut(both).parse(behind)?;
        rest.push((junction, right));
        input = behind;
    }
    if rest.is_empty() {
        return Ok((input, first));
    }
    let first = Box::new(first);
    Ok((input, Expression::Joined { first, rest }))
}

fn both(input: &str) -> IResult<&str, Expression> {
    let (mut input, first) = single(input)?;
    let mut all = vec![first];
    while let Ok((behind, _)) = word_of(&["and"], input) {
        let (behind, next) = cut(single).parse(behind)?;
        all.push(next);
        input = behind;
    }
    let expression = match all.pop() {
        Some(only) if all.is_empty() => only,
        last => {
            all.extend(last);
            Expression::All(all)
        }
    };
    Ok((input, expression))
}

fn single(input: &str) -> IResult<&str, Expression> {
    let group = || {
        delimited(
            (char('('), multispace0),
            cut(either),
            cut((multispace0, char(')'))),
        )
    };
    let not = preceded(
        (char('!'), multispace0),
        alt((group(), map(field, Expression::Truth))),
    );
    alt((
        group(),
        map(not, |inner| Expression::Not(Box::new(inner))),
        membership,
        matching,
        comparison,
        map(operand, Expression::Truth),
    ))
    .parse(input)
}

fn membership(input: &str) -> IResult<&str, Expression> {
    let (input, needle) = operand(input)?;
    let (input, not) = opt(|input| word_of(&["not"], input)).parse(input)?;
    let (input, _) = word_of(&["in"], input)?;
    let (input, haystack) = cut(operand).parse(input)?;
    Ok((
        input,
        negate_if(not.is_some(), Expression::In { needle, haystack }),
    ))
}

fn matching(input: &str) -> IResult<&str, Expression> {
    let (input, subject) = operand(input)?;
    let (input, operator) = spaced(alt((tag("=~"), tag("!~")))).parse(input)?;
    let quoted_pattern = map(quoted, str::to_owned);
    let (input, regex) = cut(nom::combinator::map_res(
        alt((pattern, quoted_pattern)),
        |text| regex(&text),
    ))
    .parse(input)?;
    Ok((
        input,
        negate_if(operator == "!~", Expression::Matches { subject, regex }),
    ))
}

fn comparison(input: &str) -> IResult<&str, Expression> {
    let (input, left) = operand(input)?;
    let (input, (comparison, negated)) = spaced(alt((
        value((Comparison::Equal, false), tag("==")),
        value((Comparison::Equal, true), tag("!=")),
        value((Comparison::LessOrEqual, false), tag("<=")),
        value((Comparison::MoreOrEqual, false), tag(">=")),
        value((Comparison::Less, false), tag("<")),
        value((Comparison::More, false), tag(">")),
    )))
    .parse(input)?;
    let (input, right) = cut(operand).parse(input)?;
    Ok((
        input,
        negate_if(
            negated,
            Expression::Compare {
                left,
                comparison,
                right,
            },
        ),
    ))
}

fn negate_if(negated: bool, expression: Expression) -> Expression {
    if negated {
        Expression::Not(Box::new(expression))
    } else {
        expression
    }
}

fn operand(input: &str) -> IResult<&str, Operand> {
    alt((list, field, map(constant, Operand::Single))).parse(input)
}

/// `["a", 5]`; a single `[name]` without quotes is a field.
fn list(input: &str) -> IResult<&str, Operand> {
    let elements = separated_list0(spaced(char(',')), constant);
    let inner = delimited((char('['), multispace0), elements, (multispace0, char(']')));
    map(
        verify(inner, |elements: &[Constant]| !elements.is_empty()),
        Operand::List,
    )
    .parse(input)
    .and_then(|(rest, list)| {
        // `[0]` is a field named 0 when more steps follow.
        if rest.starts_with('[') {
            field(input)
        } else {
            Ok((rest, list))
        }
    })
}

fn field(input: &str) -> IResult<&str, Operand> {
    let step = delimited(
        char('['),
        take_while1(|character| !matches!(character, '[' | ']' | ',' | '"' | '\'')),
        char(']'),
    );
    let (rest, text) = recognize(many1_count(step)).parse(input)?;
    match FieldRef::parse(text) {
        Ok(field) => Ok((rest, Operand::Field(field))),
        Err(_) => Err(failure(input)),
    }
}

fn constant(input: &str) -> IResult<&str, Constant> {
    let number = recognize((
        opt(char('-')),
        take_while1(|character: char| character.is_ascii_digit()),
        opt((
            char('.'),
            take_while(|character: char| character.is_ascii_digit()),
        )),
    ));
    alt((
        map(quoted, |content| text_constant(&unquote(content))),
        map(number, |number: &str| Constant::Number(number.into())),
    ))
    .parse(input)
}

/// A text in double or single quotes; a backslash keeps the next character.
fn quoted(input: &str) -> IResult<&str, &str> {
    let (rest, quote) = one_of("\"'").parse(input)?;
    until(rest, quote)
}

/// A regular expression between slashes; `\/` is a slash.
fn pattern(input: &str) -> IResult<&str, String> {
    let (rest, _) = char('/').parse(input)?;
    let (rest, pattern) = until(rest, '/')?;
    Ok((rest, pattern.replace("\\/", "/")))
}

fn until(input: &str, end: char) -> IResult<&str, &str> {
    let mut escaped = false;
    for (at, character) in input.char_indices() {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == end {
            return Ok((&input[at + 1..], &input[..at]));
        }
    }
    Err(failure(input))
}

/// Ruby's dialect without flags: `^` and `$` stand at line ends, `.` takes no line break.
fn regex(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).multi_line(true).build()
}

fn spaced<'a, O, P>(
    parser: P,
) -> impl Parser<&'a str, Output = O, Error = nom::error::Error<&'a str>>
where
    P: Parser<&'a str, Output = O, Error = nom::error::Error<&'a str>>,
{
    delimited(multispace0, parser, multispace0)
}

/// One of `words`, with white space around it, not merely the beginning of a longer word.
fn word_of<'a>(words: &[&'static str], input: &'a str) -> IResult<&'a str, &'static str> {
    let text = input.trim_start();
    for word in words {
        if let Some(rest) = text.strip_prefix(word)
            && !rest.starts_with(|character: char| {
                character.is_ascii_alphanumeric() || character == '_'
            })
        {
            return Ok((rest.trim_start(), word));
        }
    }
    Err(nom::Err::Error(nom::error::Error::new(
        input,
        nom::error::ErrorKind::Tag,
    )))
}

fn failure(input: &str) -> nom::Err<nom::error::Error<&str>> {
    nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Verify))
}
