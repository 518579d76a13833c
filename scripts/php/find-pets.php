<?php
// Answers GET /pet/{petId} and GET /pet/findByStatus. A request without a body gives the script its parameters as JSON,
// in the types that the document says: {"petId":7}, {"status":"available"}.

require __DIR__ . '/shop.php';
require_once __DIR__ . '/urocket.php';

$ask = urocket_payload();
$pets = shop_pets();
if (isset($ask['petId'])) {
    if (isset($pets[$ask['petId']])) {
        urocket_reply($pets[$ask['petId']]);
    } else {
        urocket_reply(['title' => 'no such pet', 'status' => 404], 404, ['Content-Type' => 'application/problem+json']);
    }
    exit;
}
$status = $ask['status'] ?? 'available';
urocket_reply(array_values(array_filter($pets, function (array $pet) use ($status): bool {
    return $pet['status'] === $status;
})));
