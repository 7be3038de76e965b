namespace Rlhf.Models.Tokenization;

/// <summary>A token that is matched in the text as it stands, before any splitting.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">The text that stands for it, e.g. <c>&lt;|endoftext|&gt;</c>.</param>
/// <param name="Special">Whether it is a control token, which decoding can leave out, rather than a piece of text.</param>
public sealed record AddedToken(int Id, string Content, bool Special);
