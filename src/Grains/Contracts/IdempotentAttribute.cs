namespace AlpacaCot.Grains.Contracts;

/// <summary>Marks a call that changes nothing: whoever does not hear its answer may ask again.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class IdempotentAttribute : Attribute;
