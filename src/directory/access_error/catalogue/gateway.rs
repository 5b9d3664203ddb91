//! The gateway, the tenant and the connection as such.

use super::{Code, Entry, Remedy, Text, WhoCanFix, entries};

entries! {
    SsoConnectionNotConfigured 403 {
        message:
            "Single sign-on is not set up for your organisation.",
            "L’authentification unique n’est pas configurée pour votre organisation.";
        cause:
            "Your organisation has no connection to an identity provider, or the connection in this address does not exist any more.",
            "Votre organisation n’a aucune connexion à un fournisseur d’identité, ou la connexion indiquée par cette adresse n’existe plus.";
        CompanyAdministrator:
            "Create a connection to your identity provider, or give people the current sign-in address.",
            "Créez une connexion à votre fournisseur d’identité, ou communiquez l’adresse de connexion actuelle.";
    }
    SsoConnectionDisabled 403 {
        message:
            "The connection to your organisation’s identity provider is switched off.",
            "La connexion au fournisseur d’identité de votre organisation est désactivée.";
        cause:
            "An administrator has switched the connection off, or it has never been switched on since it was created.",
            "Un administrateur a désactivé la connexion, ou elle n’a jamais été activée depuis sa création.";
        CompanyAdministrator:
            "Enable the connection. A test sign-in shows beforehand whether it works.",
            "Activez la connexion. Une connexion de test montre au préalable si elle fonctionne.";
    }
    SignInExpired 403 {
        message:
            "This sign-in took too long and is no longer valid.",
            "Cette connexion a duré trop longtemps et n’est plus valable.";
        cause:
            "Too much time passed between the start of the sign-in and its end at your identity provider, or you opened an old page again.",
            "Trop de temps s’est écoulé entre le début de la connexion et sa fin chez votre fournisseur d’identité, ou vous avez rouvert une ancienne page.";
        Person:
            "Start again from the sign-in page.",
            "Recommencez à partir de la page de connexion.";
    }
    AmbiguousOrganization 403 {
        message:
            "Your e-mail address belongs to more than one organisation, and none was chosen.",
            "Votre adresse e-mail correspond à plusieurs organisations et aucune n’a été choisie.";
        cause:
            "Several organisations use the domain of your e-mail address, so the gateway cannot tell which one you want to enter.",
            "Plusieurs organisations utilisent le domaine de votre adresse e-mail, la passerelle ne peut donc pas savoir dans laquelle vous voulez entrer.";
        Person:
            "Start again from the sign-in page and choose your organisation, or use your organisation’s own sign-in address.",
            "Recommencez à partir de la page de connexion et choisissez votre organisation, ou utilisez l’adresse de connexion propre à votre organisation.";
    }
    TenantSuspended 403 {
        message:
            "Access is suspended for your whole organisation.",
            "L’accès est suspendu pour toute votre organisation.";
        cause:
            "Your organisation’s access to this service has been suspended. Your own account is not the reason.",
            "L’accès de votre organisation à ce service a été suspendu. Votre compte n’est pas en cause.";
        Support:
            "Tell the organisation’s administrator why access is suspended and what lifts the suspension.",
            "Indiquez à l’administrateur de l’organisation pourquoi l’accès est suspendu et comment lever la suspension.";
    }
    TooManyAttempts 429 {
        message:
            "There have been too many sign-in attempts in a short time.",
            "Il y a eu trop de tentatives de connexion en peu de temps.";
        cause:
            "You, or somebody else on your network, tried to sign in many times within a few minutes.",
            "Vous, ou quelqu’un d’autre sur votre réseau, avez essayé de vous connecter de nombreuses fois en quelques minutes.";
        Person:
            "Wait a few minutes, then try once more.",
            "Attendez quelques minutes, puis réessayez une fois.";
    }
    Unavailable 503 {
        message:
            "Signing in is not possible at the moment.",
            "La connexion est impossible pour le moment.";
        cause:
            "The service is overloaded or is being restarted. Your account is not the reason.",
            "Le service est surchargé ou en cours de redémarrage. Votre compte n’est pas en cause.";
        Person:
            "Wait a minute, then try again.",
            "Attendez une minute, puis réessayez.";
        Support:
            "If it lasts, check whether the gateway reaches its database and look up the request in its log.",
            "Si le problème persiste, vérifiez que la passerelle joint sa base de données et recherchez la requête dans son journal.";
    }
    InternalError 500 {
        message:
            "The sign-in failed because of a fault in the gateway.",
            "La connexion a échoué à cause d’une défaillance de la passerelle.";
        cause:
            "Something happened that the gateway was not prepared for. Neither your account nor your identity provider is known to be the reason.",
            "Un événement imprévu s’est produit dans la passerelle. Rien n’indique que votre compte ou votre fournisseur d’identité soit en cause.";
        Support:
            "Look up the reference, follow the request in the log and report the fault.",
            "Recherchez la référence, suivez la requête dans le journal et signalez la défaillance.";
    }
}
