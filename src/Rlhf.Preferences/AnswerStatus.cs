namespace Rlhf.Preferences;

/// <summary>What became of an answer.</summary>
public enum AnswerStatus
{
    /// <summary>It is on disk.</summary>
    Accepted,

    /// <summary>The query has its answers, or this labeler answered it before; nothing was stored.</summary>
    AlreadyAnswered,

    /// <summary>The lock ran out: the query may be with another labeler. Nothing was stored; claim again.</summary>
    LockExpired,

    /// <summary>No such claim of this labeler.</summary>
    Unknown,
}
