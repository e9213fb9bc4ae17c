/**
 * What each bundled provider's documentation says about its authorization request: the endpoint, the
 * scopes as they are joined, whether PKCE is taken, and parameters of its own. Written down from the
 * documentation, apart from the definitions, so that the one can be held against the other.
 *
 * @module
 */

/** A documented request. */
export interface DocumentedRequest {
  readonly authorize: string;
  /** Left out: the parameter is not sent. */
  readonly scope?: string;
  readonly pkce?: boolean;
  readonly extra?: Readonly<Record<string, string>>;
  /** What the person logs in to, where the provider must be told. */
  readonly base_url?: string;
}

/** By the provider's name. */
export const DOCUMENTED: Readonly<Record<string, DocumentedRequest>> = {
  "airtable-oauth": {
    authorize: "https://airtable.com/oauth2/v1/authorize",
    scope: "data.records:read data.records:write schema.bases:read",
    pkce: true,
  },
  "amplitude-mcp": {
    authorize: "https://mcp.amplitude.com/authorize",
    scope: "offline_access",
    pkce: true,
    extra: { resource: "https://mcp.amplitude.com" },
  },
  "asana": {
    authorize: "https://app.asana.com/-/oauth_authorize",
    scope: "default",
    pkce: true,
  },
  "asana-mcp": {
    authorize: "https://app.asana.com/-/oauth_authorize",
    scope: "default",
    pkce: true,
    extra: { resource: "https://mcp.asana.com/v2" },
  },
  "atlassian": {
    authorize: "https://auth.atlassian.com/authorize",
    scope:
      "read:jira-work write:jira-work read:jira-user manage:jira-project manage:jira-configuration offline_access",
    pkce: true,
    extra: { audience: "api.atlassian.com", prompt: "consent" },
  },
  "attio-mcp": {
    authorize: "https://app.attio.com/oidc/authorize",
    pkce: true,
    extra: { resource: "https://mcp.attio.com/mcp" },
  },
  "attio-oauth": {
    authorize: "https://app.attio.com/authorize",
  },
  "bitbucket": {
    authorize: "https://bitbucket.org/site/oauth2/authorize",
    scope: "account repository pullrequest",
  },
  "box": {
    authorize: "https://account.box.com/api/oauth2/authorize",
    scope: "root_readwrite",
  },
  "brex": {
    authorize: "https://accounts-api.brex.com/oauth2/default/v1/authorize",
    scope: "openid offline_access",
    pkce: true,
  },
  "calendly-oauth": {
    authorize: "https://auth.calendly.com/oauth/authorize",
    scope: "default",
    pkce: true,
  },
  "canva": {
    authorize: "https://www.canva.com/api/oauth/authorize",
    scope: "design:meta:read design:content:read asset:read profile:read",
    pkce: true,
  },
  "canva-mcp": {
    authorize: "https://mcp.canva.com/authorize",
    pkce: true,
    extra: { resource: "https://mcp.canva.com" },
  },
  "clickup-oauth": {
    authorize: "https://app.clickup.com/api",
  },
  "close-oauth": {
    authorize: "https://app.close.com/oauth2/authorize/",
    scope: "all.full_access offline_access",
    pkce: true,
  },
  "confluence": {
    authorize: "https://auth.atlassian.com/authorize",
    scope:
      "read:confluence-content.all write:confluence-content read:confluence-space.summary read:confluence-user search:confluence offline_access",
    pkce: true,
    extra: { audience: "api.atlassian.com", prompt: "consent" },
  },
  "digitalocean-oauth": {
    authorize: "https://cloud.digitalocean.com/v1/oauth/authorize",
    scope: "read write",
  },
  "discord": {
    authorize: "https://discord.com/oauth2/authorize",
    scope: "identify email guilds connections",
    pkce: true,
  },
  "docusign": {
    authorize: "https://account.docusign.com/oauth/auth",
    scope: "signature extended",
    pkce: true,
  },
  "dropbox": {
    authorize: "https://www.dropbox.com/oauth2/authorize",
    scope: "account_info.read files.metadata.read files.content.read files.content.write",
    pkce: true,
    extra: { token_access_type: "offline" },
  },
  "figma-oauth": {
    authorize: "https://www.figma.com/oauth",
    scope:
      "file_content:read,file_metadata:read,file_comments:read,file_comments:write,current_user:read",
    pkce: true,
  },
  "fitbit": {
    authorize: "https://www.fitbit.com/oauth2/authorize",
    scope: "activity profile sleep",
    pkce: true,
  },
  "github": {
    authorize: "https://github.com/login/oauth/authorize",
    scope: "repo read:user",
    pkce: true,
  },
  "gitlab": {
    authorize: "https://gitlab.com/oauth/authorize",
    scope: "api read_user openid profile email read_repository write_repository",
    pkce: true,
  },
  "google": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope: "openid email profile",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-admin": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope:
      "openid email profile https://www.googleapis.com/auth/admin.directory.user https://www.googleapis.com/auth/admin.directory.group",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-analytics": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope: "openid email profile https://www.googleapis.com/auth/analytics.readonly",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-calendar": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope: "openid email profile https://www.googleapis.com/auth/calendar",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-chat": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope:
      "openid email profile https://www.googleapis.com/auth/chat.messages https://www.googleapis.com/auth/chat.spaces.readonly",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-classroom": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope:
      "openid email profile https://www.googleapis.com/auth/classroom.courses https://www.googleapis.com/auth/classroom.rosters",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-docs": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope: "openid email profile https://www.googleapis.com/auth/documents",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-drive": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope: "openid email profile https://www.googleapis.com/auth/drive",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-forms": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope:
      "openid email profile https://www.googleapis.com/auth/forms.body https://www.googleapis.com/auth/forms.responses.readonly",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-gmail": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope: "openid email profile https://mail.google.com/",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-meet": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope: "openid email profile https://www.googleapis.com/auth/meetings.space.created",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-photos": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope:
      "openid email profile https://www.googleapis.com/auth/photoslibrary.appendonly https://www.googleapis.com/auth/photoslibrary.readonly.appcreateddata",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-search-console": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope: "openid email profile https://www.googleapis.com/auth/webmasters.readonly",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-sheets": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope: "openid email profile https://www.googleapis.com/auth/spreadsheets",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-slides": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope: "openid email profile https://www.googleapis.com/auth/presentations",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-tasks": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope: "openid email profile https://www.googleapis.com/auth/tasks",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-vertex-ai": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope: "openid email profile https://www.googleapis.com/auth/cloud-platform",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "google-youtube": {
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scope: "openid email profile https://www.googleapis.com/auth/youtube",
    pkce: true,
    extra: { access_type: "offline", prompt: "consent" },
  },
  "granola-mcp": {
    authorize: "https://mcp-auth.granola.ai/oauth2/authorize",
    scope: "offline_access",
    pkce: true,
    extra: { resource: "https://mcp.granola.ai/" },
  },
  "heroku-oauth": {
    authorize: "https://id.heroku.com/oauth/authorize",
    scope: "global",
  },
  "hubspot": {
    authorize: "https://app.hubspot.com/oauth/authorize",
    scope:
      "oauth crm.objects.contacts.read crm.objects.contacts.write crm.objects.companies.read crm.objects.companies.write crm.objects.deals.read crm.objects.deals.write crm.objects.owners.read",
  },
  "hubspot-mcp": {
    authorize: "https://mcp.hubspot.com/oauth/authorize/user",
    pkce: true,
    extra: { resource: "https://mcp.hubspot.com" },
  },
  "huggingface-oauth": {
    authorize: "https://huggingface.co/oauth/authorize",
    scope: "openid profile inference-api",
    pkce: true,
  },
  "intercom-oauth": {
    authorize: "https://app.intercom.com/oauth",
  },
  "jira": {
    authorize: "https://auth.atlassian.com/authorize",
    scope: "read:jira-work write:jira-work read:jira-user manage:jira-project offline_access",
    pkce: true,
    extra: { audience: "api.atlassian.com", prompt: "consent" },
  },
  "klaviyo-oauth": {
    authorize: "https://www.klaviyo.com/oauth/authorize",
    scope: "accounts:read",
    pkce: true,
  },
  "linear": {
    authorize: "https://linear.app/oauth/authorize",
    scope: "read,write",
    pkce: true,
  },
  "linear-mcp": {
    authorize: "https://mcp.linear.app/authorize",
    pkce: true,
    extra: { resource: "https://mcp.linear.app" },
  },
  "linkedin": {
    authorize: "https://www.linkedin.com/oauth/v2/authorization",
    scope: "openid profile email w_member_social",
  },
  "mastodon": {
    authorize: "https://mastodon.social/oauth/authorize",
    scope: "read write",
    pkce: true,
  },
  "meta": {
    authorize: "https://www.facebook.com/v23.0/dialog/oauth",
    scope: "public_profile,email",
  },
  "microsoft": {
    authorize: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    scope:
      "User.Read offline_access Mail.ReadWrite Calendars.ReadWrite Files.ReadWrite Tasks.ReadWrite",
    pkce: true,
  },
  "microsoft-calendar": {
    authorize: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    scope: "User.Read Calendars.ReadWrite offline_access",
    pkce: true,
  },
  "microsoft-outlook": {
    authorize: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    scope: "User.Read Mail.ReadWrite Mail.Send MailboxSettings.ReadWrite offline_access",
    pkce: true,
  },
  "microsoft-word": {
    authorize: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    scope: "User.Read Files.ReadWrite.All Sites.ReadWrite.All offline_access",
    pkce: true,
  },
  "miro": {
    authorize: "https://miro.com/oauth/authorize",
    scope: "boards:read boards:write",
  },
  "monday-oauth": {
    authorize: "https://auth.monday.com/oauth2/authorize",
    scope: "me:read boards:read boards:write",
  },
  "notion": {
    authorize: "https://api.notion.com/v1/oauth/authorize",
    extra: { owner: "user" },
  },
  "notion-mcp": {
    authorize: "https://mcp.notion.com/authorize",
    pkce: true,
    extra: { resource: "https://mcp.notion.com" },
  },
  "notion_dcr": {
    authorize: "https://mcp.notion.com/authorize",
    pkce: true,
    extra: { resource: "https://mcp.notion.com" },
  },
  "okta-oauth": {
    base_url: "https://acme.okta.com",
    authorize: "https://acme.okta.com/oauth2/v1/authorize",
    scope: "openid offline_access okta.users.read",
    pkce: true,
  },
  "outreach": {
    authorize: "https://api.outreach.io/oauth/authorize",
    scope: "prospects.all accounts.read",
  },
  "pagerduty-oauth": {
    authorize: "https://identity.pagerduty.com/oauth/authorize",
    scope: "read write",
    pkce: true,
  },
  "pandadoc-oauth": {
    authorize: "https://app.pandadoc.com/oauth2/authorize",
    scope: "read+write",
  },
  "pinterest": {
    authorize: "https://www.pinterest.com/oauth/",
    scope: "user_accounts:read,boards:read,pins:read",
  },
  "pipedrive-oauth": {
    authorize: "https://oauth.pipedrive.com/oauth/authorize",
  },
  "posthog-oauth": {
    authorize: "https://oauth.posthog.com/oauth/authorize/",
    scope: "openid",
    pkce: true,
  },
  "quickbooks": {
    authorize: "https://appcenter.intuit.com/connect/oauth2",
    scope: "com.intuit.quickbooks.accounting",
  },
  "reddit": {
    authorize: "https://www.reddit.com/api/v1/authorize",
    scope: "identity read",
    extra: { duration: "permanent" },
  },
  "salesforce": {
    authorize: "https://login.salesforce.com/services/oauth2/authorize",
    scope: "api refresh_token offline_access",
    pkce: true,
  },
  "salesloft": {
    authorize: "https://accounts.salesloft.com/oauth/authorize",
  },
  "sanity-mcp": {
    authorize: "https://mcp.sanity.io/authorize",
    scope: "global",
    pkce: true,
    extra: { resource: "https://mcp.sanity.io" },
  },
  "sentry-mcp": {
    authorize: "https://mcp.sentry.dev/oauth/authorize",
    scope: "org:read project:write team:write event:write",
    pkce: true,
    extra: { resource: "https://mcp.sentry.dev" },
  },
  "sentry-oauth": {
    authorize: "https://sentry.io/oauth/authorize/",
    scope: "org:read project:read event:read",
    pkce: true,
  },
  "shopify-oauth": {
    base_url: "https://acme.myshopify.com",
    authorize: "https://acme.myshopify.com/admin/oauth/authorize",
    scope: "read_products,read_orders",
  },
  "slack": {
    authorize: "https://slack.com/oauth/v2/authorize",
    scope: "channels:read,chat:write",
  },
  "slack-mcp": {
    authorize: "https://slack.com/oauth/v2_user/authorize",
    scope: "search:read.public,chat:write",
    pkce: true,
  },
  "smartsheet-oauth": {
    authorize: "https://app.smartsheet.com/b/authorize",
    scope: "READ_SHEETS WRITE_SHEETS",
  },
  "spotify": {
    authorize: "https://accounts.spotify.com/authorize",
    scope: "user-read-email user-read-private playlist-read-private",
    pkce: true,
  },
  "square-oauth": {
    authorize: "https://connect.squareup.com/oauth2/authorize",
    scope: "MERCHANT_PROFILE_READ PAYMENTS_READ ORDERS_READ",
    pkce: true,
    extra: { session: "false" },
  },
  "strava": {
    authorize: "https://www.strava.com/oauth/authorize",
    scope: "read,activity:read",
  },
  "stripe-connect": {
    authorize: "https://connect.stripe.com/oauth/authorize",
    scope: "read_write",
  },
  "supabase-mcp": {
    authorize: "https://api.supabase.com/v1/oauth/authorize",
    pkce: true,
    extra: { resource: "https://mcp.supabase.com" },
  },
  "supabase-oauth": {
    authorize: "https://api.supabase.com/v1/oauth/authorize",
    pkce: true,
  },
  "ticktick": {
    authorize: "https://ticktick.com/oauth/authorize",
    scope: "tasks:read tasks:write",
  },
  "todoist": {
    authorize: "https://app.todoist.com/oauth/authorize",
    scope: "data:read_write,data:delete",
  },
  "twitch": {
    authorize: "https://id.twitch.tv/oauth2/authorize",
    scope: "user:read:email",
  },
  "typeform-oauth": {
    authorize: "https://api.typeform.com/oauth/authorize",
    scope: "accounts:read forms:read responses:read offline",
  },
  "vercel-mcp": {
    authorize: "https://vercel.com/oauth/authorize",
    scope: "offline_access",
    pkce: true,
    extra: { resource: "https://mcp.vercel.com" },
  },
  "webex": {
    authorize: "https://webexapis.com/v1/authorize",
    scope: "spark:people_read spark:messages_read spark:messages_write",
    pkce: true,
  },
  "webflow": {
    authorize: "https://webflow.com/oauth/authorize",
    scope: "sites:read cms:read cms:write",
  },
  "wordpress-com": {
    authorize: "https://public-api.wordpress.com/oauth2/authorize",
    scope: "global",
  },
  "wrike": {
    authorize: "https://login.wrike.com/oauth2/authorize/v4",
    scope: "wsReadWrite",
  },
  "x": {
    authorize: "https://x.com/i/oauth2/authorize",
    scope: "tweet.read tweet.write users.read offline.access",
    pkce: true,
  },
  "xero": {
    authorize: "https://login.xero.com/identity/connect/authorize",
    scope: "openid offline_access accounting.transactions accounting.contacts",
    pkce: true,
  },
  "zendesk-oauth": {
    base_url: "https://acme.zendesk.com",
    authorize: "https://acme.zendesk.com/oauth/authorizations/new",
    scope: "read write",
    pkce: true,
  },
  "zoho-crm": {
    authorize: "https://accounts.zoho.com/oauth/v2/auth",
    scope: "ZohoCRM.modules.ALL",
    extra: { access_type: "offline", prompt: "consent" },
  },
  "zoom": {
    authorize: "https://zoom.us/oauth/authorize",
    scope:
      "user:read:user meeting:read:meeting meeting:write:meeting meeting:read:list_meetings cloud_recording:read:recording",
    pkce: true,
  },
};
