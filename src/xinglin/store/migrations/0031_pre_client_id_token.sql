-- How identity tokens for an app are signed, as it registered (OpenID Connect Registration, id_token_signed_response_alg).
ALTER TABLE client ADD COLUMN id_token_alg text NOT NULL DEFAULT 'RS256' CHECK (id_token_alg IN ('RS256', 'ES256'));
