namespace AlpacaCot.Data;

/// <summary>Who says something in a conversation.</summary>
public enum TurnRole
{
    /// <summary>Whoever sets the conversation up.</summary>
    System,

    /// <summary>Who asks.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,

    /// <summary>A tool that the model called.</summary>
    Tool,
}

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who says it.</param>
/// <param name="Text">What is said; of a call, its JSON.</param>
public sealed record Turn(TurnRole Role, string Text)
{
    /// <summary>What a user's turn is about, apart from what is asked; empty where there is none.</summary>
    public string Input { get; init; } = "";

    /// <summary>Whether the turn is learnt; only the assistant's are.</summary>
    public bool Learned { get; init; }

    /// <summary>Whether the assistant calls tools in it.</summary>
    public bool IsCall { get; init; }

    /// <summary>What is asked and what it is about as one text, a line break between.</summary>
    public string Whole => Input.Length == 0 ? Text : Text.Length == 0 ? Input : $"{Text}\n{Input}";
}
