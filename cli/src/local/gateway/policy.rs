//! The IAM policy that an authorizer answers with: does it allow this call?
//!
//! As in IAM, what no statement allows is denied, and a `Deny` outweighs every `Allow`. Conditions
//! are not understood, so a statement that has one is never taken for an `Allow`.

use aws_lambda_events::apigw::ApiGatewayCustomAuthorizerPolicy as Policy;
use aws_lambda_events::iam::{IamPolicyEffect, IamPolicyStatement as Statement};

/// What API Gateway asks of a policy: may this be invoked?
const ACTION: &str = "execute-api:Invoke";

/// Whether the policy lets its holder call this method.
pub(super) fn allows(policy: &Policy, method_arn: &str) -> bool {
    let covers = |statement: &&Statement| {
        statement.action.iter().any(|pattern| matches(pattern, ACTION))
            && statement.resource.iter().any(|pattern| matches(pattern, method_arn))
    };
    let denies = |statement: &Statement| matches!(statement.effect, IamPolicyEffect::Deny);
    let mut covering = policy.statement.iter().filter(covers).peekable();
    covering.peek().is_some()
        && covering.all(|statement| !denies(statement) && statement.condition.is_none())
}

/// Whether the text is of the pattern, in which a `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(statements: &[(&str, &str)]) -> Policy {
        let statement = |&(effect, resource): &(&str, &str)| {
            let resources = [resource];
            json!({"Action": ACTION, "Effect": effect, "Resource": resources})
        };
        let statements: Vec<_> = statements.iter().map(statement).collect();
        serde_json::from_value(json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
    }

    #[test]
    fn only_what_is_allowed_and_not_denied_may_be_called() {
        let all = ("Allow", "arn:api/v1/GET/*");
        let cases = [
            (vec![], "arn:api/v1/GET/a", false),
            (vec![all], "arn:api/v1/GET/a", true),
            (vec![all], "arn:api/v1/POST/a", false),
            (vec![all, ("Deny", "arn:api/v1/GET/secret")], "arn:api/v1/GET/secret", false),
            (vec![all, ("Deny", "arn:api/v1/GET/secret")], "arn:api/v1/GET/a", true),
            (vec![("Deny", "*")], "arn:api/v1/GET/a", false),
        ];
        for (statements, method_arn, allowed) in cases {
            assert_eq!(allows(&policy(&statements), method_arn), allowed, "{statements:?}");
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for pattern in ["abcd", "*", "a*", "*d", "a*d", "ab*cd", "*b*c*", "a**d"] {
            assert!(matches(pattern, "abcd"), "{pattern}");
        }
        for pattern in ["", "abc", "bcd", "b*", "*c", "abc*cd", "a*d*d", "ab?d"] {
            assert!(!matches(pattern, "abcd"), "{pattern}");
        }
    }
}
