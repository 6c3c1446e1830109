//! What the client promises, against a server of a few lines.

use crate::client::{Api, ApiError, Problem};
use crate::fake::{answer, listen};
use crate::target::{Target, TargetError};
use serde_json::json;

#[tokio::test]
async fn booking_carries_token_key_and_json() {
    let (listener, target) = listen().await;
    let api = Api::new(target).signed_in("secret");
    let body = json!({"kind":"now"});
    let (booked, asked) =
        tokio::join!(api.book("key-1", &body), answer(&listener, "201 Created", "", r#"{"trips":[]}"#));
    assert_eq!(booked.unwrap(), json!({"trips":[]}));
    let asked = asked.to_lowercase();
    for part in
        ["post /v1/bookings ", "bearer secret", "idempotency-key: key-1", "application/json", r#"{"kind":"now"}"#]
    {
        assert!(asked.contains(part), "{part}");
    }
}

#[tokio::test]
async fn refusal_is_a_typed_problem() {
    let (listener, target) = listen().await;
    let api = Api::new(target);
    let problem = r#"{"code":"pickup_outside_area","field":"pickup","status":422}"#;
    let serve = answer(&listener, "422 Unprocessable Content", "retry-after: 3\r\n", problem);
    let (refused, _) = tokio::join!(api.get("/v1/me"), serve);
    let expected = Problem {
        status: 422,
        code: "pickup_outside_area".to_owned(),
        field: Some("pickup".to_owned()),
        retry_after_s: Some(3),
    };
    assert_eq!(refused, Err(ApiError::Problem(expected)));
}

#[tokio::test]
async fn empty_answer_is_null_and_a_page_of_text_is_no_problem_document() {
    let (listener, target) = listen().await;
    let api = Api::new(target);
    let (gone, _) =
        tokio::join!(api.delete("/v1/shift"), answer(&listener, "204 No Content", "connection: close\r\n", ""));
    assert_eq!(gone, Ok(json!(null)));
    let (broken, _) = tokio::join!(api.get("/x"), answer(&listener, "500 Oops", "", "<html>"));
    assert_eq!(broken.unwrap_err().code(), "no_problem_document");
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let (listener, target) = listen().await;
    drop(listener);
    let error = Api::new(target).get("/v1/map").await.unwrap_err();
    assert!(matches!(error, ApiError::Unreachable(why) if why.contains("refused")));
}

#[test]
fn target_is_a_plain_http_address() {
    let cases = [
        ("http://127.0.0.1:8080", Ok("127.0.0.1:8080")),
        ("http://localhost/", Ok("localhost:80")),
        ("http://[::1]:9", Ok("[::1]:9")),
        ("https://a:1", Err(TargetError::NotHttp)),
        ("127.0.0.1:80", Err(TargetError::NotHttp)),
        ("http://:80", Err(TargetError::NotAnAddress)),
        ("http://a:port", Err(TargetError::NotAnAddress)),
        ("http://::1", Err(TargetError::NotAnAddress)),
        ("http://a:1/v1", Err(TargetError::TooMuch)),
        ("http://me:secret@a:1", Err(TargetError::TooMuch)),
    ];
    for (text, expected) in cases {
        let parsed = text.parse::<Target>().map(|t| t.authority());
        assert_eq!(parsed.as_deref().map_err(|e| *e), expected, "{text}");
    }
}
