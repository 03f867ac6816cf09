//! Who answers the requests of a recorded history: a simulated world, handlers on a DynamoDB, or a
//! stack over HTTP.

use lambda_http::{Request, RequestExt as _};
use shared::desk::Desk;
use shared::dynamo::DynamoStore;

use super::sale::Sale;
use super::simulation::instance::{Operation, body_of, handle};
use super::simulation::{Outcome, World};

/// Whoever answers requests for an event.
pub(crate) trait Answering: Send + Sync + 'static {
    fn answer(
        &self,
        operation: Operation,
        request: Request,
    ) -> impl Future<Output = Outcome> + Send;
}

impl Answering for World {
    async fn answer(&self, operation: Operation, request: Request) -> Outcome {
        self.send(operation, request).await
    }
}

impl Answering for Desk<DynamoStore> {
    async fn answer(&self, operation: Operation, request: Request) -> Outcome {
        match handle(operation, self, &request).await {
            Ok(response) => Outcome::Success(body_of(&response)),
            Err(problem) if problem.status() == 503 => Outcome::Unknown,
            Err(problem) => Outcome::Refusal(problem.code().to_owned()),
        }
    }
}

impl Answering for Sale {
    async fn answer(&self, operation: Operation, request: Request) -> Outcome {
        let path = request.path_parameters_ref();
        let id = path.and_then(|path| path.first("reservationId")).unwrap_or_default();
        let partner = &self.callers.partner;
        let call = match operation {
            Operation::Reserve => {
                partner.call("POST", &self.reservations()).body(request.body().to_vec())
            }
            Operation::Cancel => partner.delete(&self.reservation(id)),
            Operation::Show => partner.get(&self.reservation(id)),
            Operation::Summarize => partner.get(&self.path()),
            Operation::List => partner.get(&self.reservations()),
            Operation::CancelAll => {
                self.callers.organiser.call("POST", &format!("{}/cancellations", self.path()))
            }
            Operation::AmendEvent => {
                let call = self.callers.organiser.call("PATCH", &self.path());
                call.body(request.body().to_vec()).header("If-Match", "*")
            }
            Operation::Amend => {
                let call = partner.call("PATCH", &self.reservation(id));
                call.body(request.body().to_vec()).header("If-Match", "*")
            }
            Operation::Confirm => {
                partner.call("POST", &format!("{}/confirm", self.reservation(id)))
            }
            Operation::Extend => {
                let path = format!("{}/extend", self.reservation(id));
                partner.call("POST", &path).body(request.body().to_vec())
            }
        };
        let key = request.headers().get("Idempotency-Key");
        let call = match key.and_then(|key| key.to_str().ok()) {
            Some(key) => call.keyed(key),
            None => call,
        };
        let answer = call.send().await;
        match answer.status {
            200..300 => Outcome::Success(serde_json::from_str(&answer.text).unwrap_or_default()),
            500.. => Outcome::Unknown,
            _ => Outcome::Refusal(answer.text_of("code")),
        }
    }
}
